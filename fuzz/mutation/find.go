package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
)

// A finder collects the faults that can be planted in a file.
type finder struct {
	info   *types.Info
	source *source
	stack  []ast.Node // from the file to the node
	found  []*mutant
}

// find lists the faults of the files whose names match only, in the order of the source.
func find(t *target, only *regexp.Regexp) []*mutant {
	var all []*mutant
	for _, s := range t.sources {
		if !only.MatchString(s.base()) {
			continue
		}
		f := &finder{info: t.pkg.TypesInfo, source: s}
		inspector.New([]*ast.File{s.file}).WithStack(nil, func(n ast.Node, push bool, stack []ast.Node) bool {
			if push {
				f.stack = stack
				f.visit(n)
			}
			return true
		})
		all = append(all, f.found...)
	}
	seen := map[string]int{}
	for i, m := range all {
		m.id = i + 1
		k := m.key()
		if seen[k]++; seen[k] > 1 {
			m.Change += fmt.Sprintf(" (#%d)", seen[k])
		}
	}
	return all
}

// add adds the fault that replaces the source between from and to with text.
func (f *finder) add(kind string, from, to token.Pos, text, change string) {
	s := f.source
	pos := s.tok.Position(from)
	m := &mutant{
		File: s.base(), Line: pos.Line, Column: pos.Column, Kind: kind, Change: change,
		Code: s.line(pos.Line), source: s, start: s.offset(from), end: s.offset(to), text: text,
	}
	if len(f.stack) > 1 {
		if d, ok := f.stack[1].(*ast.FuncDecl); ok {
			m.decl, m.Func = d, funcName(d)
		}
	}
	f.found = append(f.found, m)
}

// parent returns the node n levels above the current one, or nil.
func (f *finder) parent(n int) ast.Node {
	if i := len(f.stack) - 1 - n; i >= 0 {
		return f.stack[i]
	}
	return nil
}

func (f *finder) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.IfStmt:
		f.check(n)
	case *ast.CaseClause:
		f.clause(n)
	case *ast.ReturnStmt:
		f.returned(n)
	case *ast.AssignStmt:
		f.assignment(n)
	case *ast.IncDecStmt:
		f.step(n)
	case *ast.ExprStmt, *ast.SendStmt, *ast.DeferStmt, *ast.GoStmt, *ast.BranchStmt:
		f.remove(n.(ast.Stmt))
	case *ast.BasicLit:
		f.literal(n)
	case *ast.Ident:
		f.boolean(n)
	}
}

var negated = map[token.Token]token.Token{
	token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.LSS: token.GEQ, token.GEQ: token.LSS,
	token.GTR: token.LEQ, token.LEQ: token.GTR,
}

var shifted = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS,
	token.GTR: token.GEQ, token.GEQ: token.GTR,
}

var calculated = map[token.Token]token.Token{
	token.ADD: token.SUB, token.SUB: token.ADD,
	token.MUL: token.QUO, token.QUO: token.MUL, token.REM: token.MUL,
	token.SHL: token.SHR, token.SHR: token.SHL,
	token.AND: token.OR, token.OR: token.AND, token.XOR: token.AND, token.AND_NOT: token.AND,
}

var assigned = map[token.Token]token.Token{
	token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN,
	token.MUL_ASSIGN: token.QUO_ASSIGN, token.QUO_ASSIGN: token.MUL_ASSIGN,
	token.SHL_ASSIGN: token.SHR_ASSIGN, token.SHR_ASSIGN: token.SHL_ASSIGN,
	token.AND_ASSIGN: token.OR_ASSIGN, token.OR_ASSIGN: token.AND_ASSIGN,
	token.XOR_ASSIGN: token.AND_ASSIGN, token.AND_NOT_ASSIGN: token.AND_ASSIGN,
}

func (f *finder) binary(n *ast.BinaryExpr) {
	if !f.info.Types[n].IsValue() {
		return // the union of a type constraint
	}
	swap := func(kind string, op token.Token) {
		change := fmt.Sprintf("%s: %s becomes %s", f.source.node(n), n.Op, op)
		f.add(kind, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), op.String(), change)
	}
	if op, ok := negated[n.Op]; ok {
		swap("negate", op)
	}
	if op, ok := shifted[n.Op]; ok {
		swap("boundary", op)
	}
	if op, ok := calculated[n.Op]; ok && !f.isString(n) {
		swap("arithmetic", op)
	}
	switch n.Op {
	case token.LAND:
		swap("logic", token.LOR)
	case token.LOR:
		swap("logic", token.LAND)
	}
}

func (f *finder) isString(e ast.Expr) bool {
	t := f.info.TypeOf(e)
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

// check adds the fault that an if statement is never taken, and that it is always taken if its body
// leaves the enclosing block. The condition is still evaluated.
func (f *finder) check(n *ast.IfStmt) {
	if isBug(n.Body) {
		return
	}
	text, cond := f.source.node(n.Cond), f.source.slice(n.Cond.Pos(), n.Cond.End())
	f.add("check", n.Cond.Pos(), n.Cond.End(), "("+cond+") && false", "if "+text+": never taken")
	if leaves(n.Body) {
		f.add("check", n.Cond.Pos(), n.Cond.End(), "("+cond+") || true", "if "+text+": always taken")
	}
}

// isBug reports whether a block is a panic about a broken invariant.
func isBug(b *ast.BlockStmt) bool {
	if len(b.List) != 1 {
		return false
	}
	call, ok := exprCall(b.List[0])
	if !ok || len(call.Args) != 1 {
		return false
	}
	id, ok := call.Fun.(*ast.Ident)
	if !ok || id.Name != "panic" {
		return false
	}
	arg := call.Args[0]
	for {
		sum, ok := arg.(*ast.BinaryExpr)
		if !ok {
			break
		}
		arg = sum.X
	}
	lit, ok := arg.(*ast.BasicLit)
	return ok && strings.HasPrefix(lit.Value, `"BUG: `)
}

func exprCall(s ast.Stmt) (*ast.CallExpr, bool) {
	e, ok := s.(*ast.ExprStmt)
	if !ok {
		return nil, false
	}
	call, ok := e.X.(*ast.CallExpr)
	return call, ok
}

// leaves reports whether a block ends in a return, a branch or a panic.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	last := b.List[len(b.List)-1]
	switch last.(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	call, ok := exprCall(last)
	if !ok {
		return false
	}
	id, ok := call.Fun.(*ast.Ident)
	return ok && id.Name == "panic"
}

// clause adds the fault that a case of a switch is missing. It skips the default.
func (f *finder) clause(n *ast.CaseClause) {
	if n.List == nil {
		return
	}
	text := f.source.node(&ast.CallExpr{Fun: n.List[0], Rparen: n.List[len(n.List)-1].End() - 1})
	f.add("check", n.Pos(), n.End(), "", "case "+text+": left out")
}

// returned adds the fault that nil is returned instead of an error.
func (f *finder) returned(n *ast.ReturnStmt) {
	sig := f.signature()
	if sig == nil || len(n.Results) == 0 || sig.Results().Len() != len(n.Results) {
		return
	}
	last := n.Results[len(n.Results)-1]
	if !types.Identical(sig.Results().At(len(n.Results)-1).Type(), types.Universe.Lookup("error").Type()) {
		return
	}
	if id, ok := last.(*ast.Ident); ok && id.Name == "nil" {
		return
	}
	f.add("error", last.Pos(), last.End(), "nil", "return: nil instead of "+f.source.node(last))
}

// signature returns the signature of the function that encloses the current node.
func (f *finder) signature() *types.Signature {
	for i := len(f.stack) - 1; i >= 0; i-- {
		switch n := f.stack[i].(type) {
		case *ast.FuncLit:
			sig, _ := f.info.TypeOf(n).(*types.Signature)
			return sig
		case *ast.FuncDecl:
			obj := f.info.Defs[n.Name]
			if obj == nil {
				return nil
			}
			sig, _ := obj.Type().(*types.Signature)
			return sig
		}
	}
	return nil
}

func (f *finder) assignment(n *ast.AssignStmt) {
	if n.Tok == token.DEFINE {
		return
	}
	if op, ok := assigned[n.Tok]; ok && !f.isString(n.Lhs[0]) {
		change := fmt.Sprintf("%s: %s becomes %s", f.source.node(n), n.Tok, op)
		f.add("arithmetic", n.TokPos, n.TokPos+token.Pos(len(n.Tok.String())), op.String(), change)
	}
	for _, e := range n.Lhs {
		if id, ok := e.(*ast.Ident); !ok || id.Name != "_" {
			f.remove(n)
			return
		}
	}
}

func (f *finder) step(n *ast.IncDecStmt) {
	if f.isLoopStep(n) {
		return
	}
	op := token.INC
	if n.Tok == token.INC {
		op = token.DEC
	}
	change := fmt.Sprintf("%s: becomes %s", f.source.node(n), op)
	f.add("arithmetic", n.TokPos, n.TokPos+2, op.String(), change)
	f.remove(n)
}

func (f *finder) isLoopStep(n ast.Stmt) bool {
	loop, ok := f.parent(1).(*ast.ForStmt)
	return ok && loop.Post == n
}

// remove adds the fault that a statement of a block is missing.
func (f *finder) remove(n ast.Stmt) {
	switch f.parent(1).(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
	default:
		return // the init statement of an if or switch, or the post statement of a loop
	}
	if call, ok := exprCall(n); ok {
		if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "panic" {
			return // the same as a missing check
		}
	}
	if b, ok := n.(*ast.BranchStmt); ok && (b.Tok == token.GOTO || b.Tok == token.FALLTHROUGH) {
		return
	}
	if comm, ok := f.parent(1).(*ast.CommClause); ok && comm.Comm == n {
		return
	}
	f.add("remove", n.Pos(), n.End(), "", "removed: "+f.source.node(n))
}

// literal adds the faults that an integer is one larger and, in a constant declaration, one smaller. It
// skips the sizes of arrays and the arguments of make.
func (f *finder) literal(n *ast.BasicLit) {
	if n.Kind != token.INT {
		return
	}
	switch p := f.parent(1).(type) {
	case *ast.ArrayType:
		return
	case *ast.CallExpr:
		if id, ok := p.Fun.(*ast.Ident); ok && id.Name == "make" {
			return
		}
	}
	v := constant.MakeFromLiteral(n.Value, n.Kind, 0)
	value, exact := constant.Int64Val(v)
	if !exact {
		return
	}
	set := func(value int64) {
		text := strconv.FormatInt(value, 10)
		f.add("constant", n.Pos(), n.End(), text, n.Value+" becomes "+text)
	}
	set(value + 1)
	if f.inConstant() && value > 0 {
		set(value - 1)
	}
}

func (f *finder) inConstant() bool {
	for _, n := range f.stack {
		if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
			return true
		}
	}
	return false
}

func (f *finder) boolean(n *ast.Ident) {
	if f.info.Uses[n] == nil || f.info.Uses[n].Parent() != types.Universe {
		return
	}
	switch n.Name {
	case "true":
		f.add("bool", n.Pos(), n.End(), "false", "true becomes false")
	case "false":
		f.add("bool", n.Pos(), n.End(), "true", "false becomes true")
	}
}
