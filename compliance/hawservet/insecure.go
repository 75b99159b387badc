package hawservet

import (
	"go/ast"
	"go/constant"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// Insecure reports options whose names begin with Insecure and that are set, outside tests, to a constant
// other than the zero value. It does not report a value that is known only at run time, because the person
// who runs the program then decides.
var Insecure = &analysis.Analyzer{
	Name: "insecure",
	Doc: `report options named Insecure that are set outside tests

They turn off checks. Remove them, or give a reason in a comment
//hawservet:allow insecure.`,
	URL:      about + "insecure",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runInsecure,
}

func runInsecure(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	in.Preorder([]ast.Node{(*ast.CompositeLit)(nil), (*ast.AssignStmt)(nil)}, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.CompositeLit:
			for _, elt := range n.Elts {
				if kv, ok := elt.(*ast.KeyValueExpr); ok {
					if key, ok := kv.Key.(*ast.Ident); ok {
						checkInsecure(pass, kv, key, kv.Value)
					}
				}
			}
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if sel, ok := ast.Unparen(lhs).(*ast.SelectorExpr); ok && len(n.Rhs) == len(n.Lhs) {
					checkInsecure(pass, n, sel.Sel, n.Rhs[i])
				}
			}
		}
	})
	return nil, nil
}

// checkInsecure checks n, which sets the field id to value.
func checkInsecure(pass *analysis.Pass, n ast.Node, id *ast.Ident, value ast.Expr) {
	field, ok := pass.TypesInfo.ObjectOf(id).(*types.Var)
	if !ok || !field.IsField() || !strings.HasPrefix(field.Name(), "Insecure") ||
		!samePath(field.Pkg(), websocketPath) && !samePath(field.Pkg(), wirePath) {
		return
	}
	if isZero(pass.TypesInfo.Types[value]) || isTest(pass, n.Pos()) {
		return
	}
	advice := ": remove it"
	if field.Name() == "InsecureAnyOrigin" {
		advice = ", so that any web page can use the server with its visitors' cookies " +
			"(RFC 6455, section 10.2): list the allowed origins in Origins"
	}
	report(pass, n, field.Name()+" turns off a check"+advice+
		", or give a reason in a comment //hawservet:allow insecure")
}

// isZero reports whether a value is a zero constant, or is not a constant.
func isZero(v types.TypeAndValue) bool {
	if v.Value == nil {
		return true
	}
	switch v.Value.Kind() {
	case constant.Bool:
		return !constant.BoolVal(v.Value)
	case constant.String:
		return constant.StringVal(v.Value) == ""
	case constant.Int, constant.Float, constant.Complex:
		return constant.Sign(v.Value) == 0
	}
	return true
}
