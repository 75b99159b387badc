package hawservet

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/types/typeutil"
)

// A def is a value that is assigned to a variable, or to a field of it.
type def struct {
	v     *types.Var
	field string   // "" for the variable itself
	x     ast.Expr // nil if unknown
	i     int      // the index of the result of the call x, or -1
}

// spread finds the variables of the region that hold lent bytes. A variable that is also assigned another
// value does not count, so that a copy made under a condition is not reported.
func (l *loan) spread() {
	l.collectDefs()
	for v, p := range l.held {
		for _, d := range l.defs {
			if d.v == v && (d.field == "" || p[d.field]) && !l.lends(d.x, d.i) {
				delete(l.held, v) // a copy replaces them
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for _, d := range l.defs {
			if _, known := l.held[d.v]; known || !within(d.v, l.region.Node()) {
				continue
			}
			if p, ok := l.takes(d.v); ok {
				l.held[d.v] = p
				changed = true
			}
		}
	}
}

// collectDefs collects the values that the region assigns to variables and their fields.
func (l *loan) collectDefs() {
	kinds := []ast.Node{(*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil), (*ast.RangeStmt)(nil)}
	for c := range l.region.Preorder(kinds...) {
		switch n := c.Node().(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if n != l.origin {
					l.define(lhs, n.Rhs, i)
				}
			}
		case *ast.ValueSpec:
			for i, id := range n.Names {
				if len(n.Values) > 0 {
					l.define(id, n.Values, i)
				}
			}
		case *ast.RangeStmt:
			item := n.Value
			f, ok := l.info.TypeOf(n.X).Underlying().(*types.Signature)
			if ok && item == nil && f.Params().Len() == 1 {
				item = n.Key // of an iter.Seq
			}
			if v := variable(l.info, item); v != nil && carries(v.Type()) {
				l.defs = append(l.defs, def{v, "", n.X, -1})
			}
		}
	}
}

// define adds the def of lhs, which is at index i of an assignment from rhs.
func (l *loan) define(lhs ast.Expr, rhs []ast.Expr, i int) {
	x, of := rhs[0], i
	if len(rhs) > i && (len(rhs) > 1 || i == 0) {
		x, of = rhs[i], -1
	}
	if _, ok := ast.Unparen(x).(*ast.CallExpr); ok && i == 0 && of == -1 {
		of = 0
	}
	switch lhs := ast.Unparen(lhs).(type) {
	case *ast.Ident:
		if v := variable(l.info, lhs); v != nil {
			l.defs = append(l.defs, def{v, "", x, of})
		}
	case *ast.SelectorExpr:
		if v := variable(l.info, ast.Unparen(lhs.X)); v != nil {
			l.defs = append(l.defs, def{v, lhs.Sel.Name, x, of})
		}
	}
}

// takes reports whether v holds lent bytes after each of its definitions, and in which fields.
func (l *loan) takes(v *types.Var) (parts, bool) {
	fields, whole, any := make(parts), false, false
	for _, d := range l.defs {
		if d.v != v {
			continue
		}
		switch p, lent := l.partsOf(d); {
		case d.field == "" && lent && p == nil:
			whole, any = true, true
		case d.field == "" && lent:
			for f := range p {
				fields[f] = true
			}
			any = true
		case d.field == "" && !l.isPlain(d):
			return nil, false
		case d.field != "" && lent:
			fields[d.field] = true
			any = true
		}
	}
	for _, d := range l.defs { // remove the fields that are cleared
		if _, lent := l.partsOf(d); d.v == v && d.field != "" && !lent {
			delete(fields, d.field)
		}
	}
	if whole {
		return nil, any
	}
	return fields, len(fields) > 0
}

// isPlain reports whether d makes a new value, whose fields are assigned later, or is a part of the variable
// itself.
func (l *loan) isPlain(d def) bool {
	if isFresh(l.info, d.x) {
		return true
	}
	l.held[d.v] = nil
	defer delete(l.held, d.v)
	return l.lends(d.x, d.i)
}

// isFresh reports whether x is a new struct or a pointer to one.
func isFresh(info *types.Info, x ast.Expr) bool {
	x = ast.Unparen(x)
	if u, ok := x.(*ast.UnaryExpr); ok && u.Op == token.AND {
		x = ast.Unparen(u.X)
	}
	switch x := x.(type) {
	case *ast.CompositeLit:
		return true
	case *ast.CallExpr:
		id, ok := x.Fun.(*ast.Ident)
		if !ok {
			return false
		}
		_, builtin := info.Uses[id].(*types.Builtin)
		return builtin && (id.Name == "new" || id.Name == "make")
	}
	return false
}

// partsOf reports whether the value of d holds lent bytes, and in which fields.
func (l *loan) partsOf(d def) (parts, bool) {
	if d.x == nil || !l.lends(d.x, d.i) {
		return nil, false
	}
	x := ast.Unparen(d.x)
	if u, ok := x.(*ast.UnaryExpr); ok {
		x = ast.Unparen(u.X)
	}
	switch x := x.(type) {
	case *ast.Ident:
		return l.held[l.info.ObjectOf(x)], true // nil for the buffer
	case *ast.CompositeLit:
		p := make(parts)
		for _, e := range x.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				return nil, true
			}
			if id, ok := kv.Key.(*ast.Ident); ok && l.lends(kv.Value, -1) {
				p[id.Name] = true
			}
		}
		if len(p) > 0 {
			return p, true
		}
	}
	return nil, true
}

// lends reports whether the value of x refers to lent bytes. If x is a call with several results, it is the
// one at index i.
func (l *loan) lends(x ast.Expr, i int) bool {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return l.lends(x.X, i)
	case *ast.Ident:
		v := l.info.Uses[x]
		_, ok := l.held[v]
		return ok || v != nil && v == l.buffer.v && l.buffer.fields == ""
	case *ast.SelectorExpr:
		return l.lendsField(x)
	case *ast.SliceExpr:
		return l.lends(x.X, -1)
	case *ast.StarExpr:
		return carries(l.info.TypeOf(x)) && l.lends(x.X, -1)
	case *ast.TypeAssertExpr:
		return (x.Type == nil || carries(l.info.TypeOf(x))) && l.lends(x.X, -1)
	case *ast.IndexExpr:
		return carries(l.info.TypeOf(x)) && l.lends(x.X, -1)
	case *ast.UnaryExpr:
		return x.Op == token.AND && l.lends(x.X, -1)
	case *ast.CompositeLit:
		return slices.ContainsFunc(x.Elts, func(e ast.Expr) bool {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				e = kv.Value
			}
			return l.lends(e, -1)
		})
	case *ast.FuncLit:
		return l.captured(x.Body) != nil
	case *ast.CallExpr:
		return l.lendsResult(x, i)
	}
	return false
}

// lendsField is like lends, for a field.
func (l *loan) lendsField(x *ast.SelectorExpr) bool {
	if s := l.info.Selections[x]; s == nil || s.Kind() != types.FieldVal || !carries(s.Type()) {
		return false
	}
	if p, ok := placeOf(l.info, x); ok && p == l.buffer {
		return true
	}
	if id, ok := ast.Unparen(x.X).(*ast.Ident); ok {
		p, ok := l.held[l.info.Uses[id]]
		return ok && (p == nil || p[x.Sel.Name])
	}
	return l.lends(x.X, -1)
}

// lendsResult is like lends, for a conversion or a call.
func (l *loan) lendsResult(x *ast.CallExpr, i int) bool {
	if t := l.info.Types[x.Fun]; t.IsType() {
		return len(x.Args) == 1 && carries(t.Type) && l.lends(x.Args[0], -1)
	}
	if len(x.Args) == 0 {
		return false
	}
	if b, ok := typeutil.Callee(l.info, x).(*types.Builtin); ok {
		switch b.Name() {
		case "append":
			return l.lends(x.Args[0], -1) || l.lendsAny(x, 1)
		case "String", "StringData", "Slice", "SliceData": // of package unsafe
			return l.lends(x.Args[0], -1)
		}
		return false
	}
	fn := callee(l.info, x)
	switch {
	case isView(fn):
		return l.lends(x.Args[0], -1)
	case isFunc(fn, "slices", "Insert"):
		return l.lends(x.Args[0], -1) || l.lendsAny(x, 2)
	case isFunc(fn, "bytes", "Cut"):
		return i < 2 && l.lends(x.Args[0], -1)
	case isFunc(fn, "bytes", "CutPrefix", "CutSuffix"):
		return i < 1 && l.lends(x.Args[0], -1)
	case isFunc(fn, wirePath, "ConsumeClose"):
		return i == 1 && l.lends(x.Args[0], -1)
	}
	return false
}

// lendsAny reports whether x, a call like append, adds a lent value in the arguments from index i on. For a
// slice with "..." these are its elements.
func (l *loan) lendsAny(x *ast.CallExpr, i int) bool {
	if x.Ellipsis.IsValid() && !carries(elem(l.info.TypeOf(x))) {
		return false
	}
	return slices.ContainsFunc(x.Args[min(i, len(x.Args)):], func(a ast.Expr) bool { return l.lends(a, -1) })
}

// isView reports whether the result of fn refers to its first argument.
func isView(fn *types.Func) bool {
	return isFunc(fn, "bytes", "TrimSpace", "Trim", "TrimLeft", "TrimRight", "TrimPrefix", "TrimSuffix",
		"TrimFunc", "TrimLeftFunc", "TrimRightFunc", "Fields", "FieldsFunc", "Split", "SplitN", "SplitAfter",
		"SplitAfterN", "Lines", "SplitSeq", "SplitAfterSeq", "FieldsSeq", "FieldsFuncSeq",
		"NewReader", "NewBuffer") ||
		isFunc(fn, "slices", "Clip", "Values", "All", "Chunk", "Collect") ||
		isFunc(fn, "bufio", "NewReader", "NewReaderSize", "NewScanner") ||
		isFunc(fn, "io", "NopCloser", "LimitReader", "TeeReader") ||
		isFunc(fn, "encoding/json", "NewDecoder")
}

// elem returns the type of a slice's elements.
func elem(t types.Type) types.Type {
	if s, ok := t.Underlying().(*types.Slice); ok {
		return s.Elem()
	}
	return t
}

// carries reports whether a value of type t can refer to a slice.
func carries(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Kind() == types.UnsafePointer
	case *types.Array:
		return carries(u.Elem())
	case *types.Struct:
		for f := range u.Fields() {
			if carries(f.Type()) {
				return true
			}
		}
		return false
	}
	return true
}

// captured returns an expression in n, the body of a function literal, that uses lent bytes other than for
// their length or capacity, or nil.
func (l *loan) captured(n ast.Node) (found ast.Expr) {
	ast.Inspect(n, func(n ast.Node) bool {
		if found != nil {
			return false
		}
		switch x := n.(type) {
		case *ast.CallExpr:
			if id, ok := x.Fun.(*ast.Ident); ok && (id.Name == "len" || id.Name == "cap") {
				return false
			}
		case *ast.SelectorExpr:
			if l.lendsField(x) {
				found = x
			} else if _, ok := ast.Unparen(x.X).(*ast.Ident); ok {
				return false
			}
		case *ast.Ident:
			if l.lends(x, -1) {
				found = x
			}
		}
		return found == nil
	})
	return found
}
