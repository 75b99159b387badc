package hawservet

import (
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// DroppedErr reports writes whose error is dropped. The message may not have been sent, and the connection
// may have ended. It does not report an assignment to the blank identifier, or the errors of Conn.Close,
// Conn.CloseNow and Conn.Ping. MessageWriter.Close returns the errors of Write and Flush again, so these may
// be dropped if the error of Close is checked. Tests are not analyzed.
var DroppedErr = &analysis.Analyzer{
	Name: "droppederr",
	Doc: `report writes to a Conn or MessageWriter whose error is dropped

The message may not have been sent. Check the error (of a MessageWriter, the
error of Close), or assign it to _.`,
	URL:      about + "droppederr",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runDroppedErr,
}

func runDroppedErr(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	kinds := []ast.Node{(*ast.ExprStmt)(nil), (*ast.DeferStmt)(nil), (*ast.GoStmt)(nil)}
	for cur := range in.Root().Preorder(kinds...) {
		var call *ast.CallExpr
		verb := "is dropped"
		switch n := cur.Node().(type) {
		case *ast.ExprStmt:
			call, _ = ast.Unparen(n.X).(*ast.CallExpr)
		case *ast.DeferStmt:
			call, verb = n.Call, "is dropped by defer"
		case *ast.GoStmt:
			call, verb = n.Call, "is dropped by go"
		}
		if call == nil || isTest(pass, call.Pos()) {
			continue
		}
		fn := callee(pass.TypesInfo, call)
		switch {
		case isMethod(fn, websocketPath, "Conn",
			"Write", "WriteBuffers", "WriteJSON", "WritePlain", "WritePrepared"):
			report(pass, call, fmt.Sprintf("the error of Conn.%s %s, "+
				"so the program does not notice if the message was not sent or the connection has ended: "+
				"check it, or assign it to _", fn.Name(), verb))
		case isMethod(fn, websocketPath, "MessageWriter", "Write", "Flush", "Close"):
			if !closeIsChecked(pass.TypesInfo, cur, receiver(call)) {
				report(pass, call, fmt.Sprintf("the error of MessageWriter.%s %s, "+
					"but the message is sent only if Close returns nil: "+
					"check the error of Close, or assign it to _", fn.Name(), verb))
			}
		}
	}
	return nil, nil
}

// closeIsChecked reports whether the function around cur uses the error of w.Close, or passes w to code that
// may.
func closeIsChecked(info *types.Info, cur inspector.Cursor, w ast.Expr) bool {
	v := variable(info, w)
	if v == nil {
		return true // for example a field, which may be closed elsewhere
	}
	for id := range outermost(cur).Preorder((*ast.Ident)(nil)) {
		if info.Uses[id.Node().(*ast.Ident)] != v {
			continue
		}
		sel, ok := id.Parent().Node().(*ast.SelectorExpr)
		if !ok {
			if mayClose(info, id) {
				return true
			}
			continue
		}
		if sel.Sel.Name != "Close" {
			continue
		}
		call, ok := id.Parent().Parent().Node().(*ast.CallExpr)
		if !ok || call.Fun != sel {
			return true // a method value
		}
		switch id.Parent().Parent().Parent().Node().(type) {
		case *ast.ExprStmt, *ast.DeferStmt, *ast.GoStmt:
		default:
			return true
		}
	}
	return false
}

// mayClose reports whether the use of a writer at id passes it to code that may close it. Functions of the
// standard library that only write do not.
func mayClose(info *types.Info, id inspector.Cursor) bool {
	switch p := id.Parent().Node().(type) {
	case *ast.AssignStmt:
		for _, lhs := range p.Lhs {
			if lhs == id.Node() {
				return false
			}
		}
	case *ast.CallExpr:
		if fn := callee(info, p); fn != nil && fn.Pkg() != nil {
			switch fn.Pkg().Path() {
			case "io", "fmt", "bufio", "encoding/json", "encoding/xml", "encoding/gob", "encoding/binary":
				return false
			}
		}
	}
	return true
}
