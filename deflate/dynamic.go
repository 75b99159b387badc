package deflate

// A dynamic reads the header of a block with dynamic Huffman codes (RFC 1951, section
// 3.2.7).
type dynamic struct {
	literalCount, distanceCount, codeCount int

	read     int        // number of codes read, and then of lengths
	codes    [19]uint8  // lengths of the codes that encode lengths
	lengths  [320]uint8 // lengths of the codes for literals, and then for distances
	sorter   sorter
	coding   table // decodes lengths
	literals table
	distance table
}

func newDynamic() dynamic {
	return dynamic{
		coding:   newTable(lengthBits),
		literals: newTable(literalBits),
		distance: newTable(distanceBits),
	}
}

// take performs one step of reading the header.
func (d *dynamic) take(f *inflater) result {
	switch f.step {
	case atCounts:
		return d.counts(f)
	case inCodeLengths:
		return d.codeLengths(f)
	}
	return d.allLengths(f)
}

func (d *dynamic) counts(f *inflater) result {
	if !f.need(14) {
		return hungry
	}
	d.literalCount, d.distanceCount, d.codeCount = int(f.drop(5))+257, int(f.drop(5))+1, int(f.drop(4))+4
	if d.literalCount > 286 || d.distanceCount > 30 {
		return f.breaks(errCounts)
	}
	d.read, d.codes = 0, [19]uint8{}
	f.step = inCodeLengths
	return done
}

// codeOrder is the order in which the elements of dynamic.codes are sent.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func (d *dynamic) codeLengths(f *inflater) result {
	for ; d.read < d.codeCount; d.read++ {
		if !f.need(3) {
			return hungry
		}
		d.codes[codeOrder[d.read]] = uint8(f.drop(3))
	}
	if !d.coding.build(&d.sorter, d.codes[:], lengthMeanings[:], lengthBits) {
		return f.breaks(errCode)
	}
	d.read = 0
	f.step = inLengths
	return done
}

func (d *dynamic) allLengths(f *inflater) result {
	all := d.lengths[:d.literalCount+d.distanceCount]
	for d.read < len(all) {
		f.need(14)
		e := d.coding.find(f.bits, lengthBits)
		switch {
		case e == 0:
			return f.breaks(errSymbol)
		case e.bits()+e.extra() > f.n:
			return hungry
		case e&isLiteral != 0:
			f.drop(e.bits())
			all[d.read] = uint8(e.value())
			d.read++
			continue
		}
		f.drop(e.bits())
		again := e.value() + int(f.drop(e.extra()))
		var length uint8
		if e.extra() == 2 { // repeats the previous length
			if d.read == 0 {
				return f.breaks(errRepetition)
			}
			length = all[d.read-1]
		}
		if again > len(all)-d.read {
			return f.breaks(errRepetition)
		}
		for range again {
			all[d.read] = length
			d.read++
		}
	}
	if !d.literals.build(&d.sorter, all[:d.literalCount], literalMeanings[:], literalBits) ||
		!d.distance.build(&d.sorter, all[d.literalCount:], distanceMeanings[:], distanceBits) {
		return f.breaks(errCode)
	}
	f.literals, f.distance, f.step = d.literals, d.distance, inSymbols
	return done
}
