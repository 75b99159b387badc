package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"strconv"
	"strings"
)

// parse parses a file in testdata/fuzz: a line that names the format, then one Go expression per line
// for each argument of the target.
func parse(text string) (args []any, err error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if lines[0] != "go test fuzz v1" {
		return nil, errors.New(`first line is not "go test fuzz v1"`)
	}
	for _, line := range lines[1:] {
		arg, err := value(strings.TrimSpace(line))
		if err != nil {
			return nil, fmt.Errorf("%.60s: %w", line, err)
		}
		args = append(args, arg)
	}
	return args, nil
}

// value parses an argument, such as []byte("\x00") or uint16(7).
func value(line string) (any, error) {
	e, err := parser.ParseExpr(line)
	if err != nil {
		return nil, err
	}
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil, errors.New("not a conversion")
	}
	typ, isSlice := "[]byte", true
	if id, ok := call.Fun.(*ast.Ident); ok {
		typ, isSlice = id.Name, false
	}
	text := line[call.Args[0].Pos()-1 : call.Args[0].End()-1]
	literal, isLiteral := call.Args[0].(*ast.BasicLit)
	switch {
	case typ == "bool":
		return strconv.ParseBool(text)
	case isLiteral && literal.Kind == token.STRING:
		s, err := strconv.Unquote(text)
		if isSlice {
			return []byte(s), err
		}
		return s, err
	case isLiteral && literal.Kind == token.CHAR:
		r, _, _, err := strconv.UnquoteChar(text[1:], '\'')
		return number(typ, uint64(r)), err
	}
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return number(typ, uint64(n)), nil
	}
	n, err := strconv.ParseUint(text, 0, 64)
	return number(typ, n), err
}

// number converts n to the unsigned type with the size of typ.
func number(typ string, n uint64) any {
	switch typ {
	case "byte", "uint8", "int8":
		return uint8(n)
	case "uint16", "int16":
		return uint16(n)
	case "uint32", "int32", "rune":
		return uint32(n)
	}
	return n
}

// encode encodes arguments in the form that the replacement of package testing decodes. The arguments
// of a fixed size come first, in big-endian order. Then follows a byte for each other argument: its length
// relative to the longest, scaled to 255. The bytes of those arguments come last. If there are several, the
// decoder recovers their lengths only approximately.
func encode(args []any) (input []byte) {
	var variable [][]byte
	for _, a := range args {
		switch a := a.(type) {
		case bool:
			input = append(input, 0)
			if a {
				input[len(input)-1] = 1
			}
		case uint8:
			input = append(input, a)
		case uint16:
			input = binary.BigEndian.AppendUint16(input, a)
		case uint32:
			input = binary.BigEndian.AppendUint32(input, a)
		case uint64:
			input = binary.BigEndian.AppendUint64(input, a)
		case string:
			variable = append(variable, []byte(a))
		case []byte:
			variable = append(variable, a)
		}
	}
	longest := 1
	for _, v := range variable {
		longest = max(longest, len(v))
	}
	for _, v := range variable {
		input = append(input, byte(math.Round(255*float64(len(v))/float64(longest))))
	}
	for _, v := range variable {
		input = append(input, v...)
	}
	return input
}
