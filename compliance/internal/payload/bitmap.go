package payload

import "encoding/binary"

const (
	side       = 512 // side of the picture in pixels
	bitmapHead = 14 + 40 + 4*256
	bitmapSize = bitmapHead + side*side
)

// Bitmap returns a BMP file of 263,222 bytes: a picture of 512 by 512 pixels in 256 shades of
// gray that shows hills in haze, with grain.
func Bitmap() []byte {
	b := make([]byte, 0, bitmapSize)
	le := binary.LittleEndian
	b = append(b, "BM"...)
	for _, v := range []uint32{bitmapSize, 0, bitmapHead, 40, side, side, 1 | 8<<16, 0, side * side, 2835,
		2835, 256, 0} {
		b = le.AppendUint32(b, v)
	}
	for shade := range uint32(256) {
		b = le.AppendUint32(b, shade<<16|shade<<8|shade)
	}
	d := dice(3)
	for y := range side {
		for x := range side {
			v := 126 + 44*wave(2*x+wave(y)/8)/256 + 28*wave(3*y-x)/256
			if wave(7*x)+wave(5*y+90) > 200 {
				v -= 30 // the edge of something darker
			}
			b = append(b, byte(v+d.below(8)+d.below(8)-7))
		}
	}
	return b
}

// wave approximates a sine with values from -256 to 256 and a period of 1,024. It uses integers
// because floating-point results may differ between processors.
func wave(t int) int {
	t &= 1023
	v := (t & 511) * (512 - t&511) / 256
	if t > 511 {
		return -v
	}
	return v
}
