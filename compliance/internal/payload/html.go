package payload

import (
	"fmt"
	"strings"
)

const htmlSize = 263_647

// HTML returns a page of 263,647 bytes of UTF-8: a style sheet and tables of ferry departures.
// About twenty of its characters are not ASCII.
func HTML() []byte {
	d := dice(2)
	var b strings.Builder
	b.WriteString(htmlHead)
	for day := 1; b.Len() < htmlSize-16_000; day++ {
		fmt.Fprintf(&b, "      <h2 id=\"day_%d\">Day %d</h2>\n      <table class=\"departures\">\n", day, day)
		for trip := range 52 {
			fmt.Fprintf(&b, htmlRow, day, trip+1, day, trip+1, htmlStates[min(d.below(12), d.below(12))], day,
				trip+1,
				d.below(20)*d.below(30), d.below(90))
		}
		b.WriteString("      </table>\n")
	}
	b.WriteString("      <p>Häfen: Tromsø, Malmö, Århus, Kołobrzeg, Šibenik, Côte d’Or, Ærøskøbing, Gdańsk.</p>\n      <p>")
	return filled(b.String(), "All ferries run in all weathers. ", "</p>\n   </body>\n</html>\n", htmlSize)
}

var htmlStates = []string{"on_time", "on_time", "on_time", "on_time", "on_time", "on_time", "on_time", "late",
	"late", "very_late", "full", "missed"}

const htmlHead = `<!DOCTYPE html>
<html lang="en">
   <head>
      <meta charset="utf-8">
      <title>Departures</title>
      <style>
         body { background: #fbfaf7; color: #222; font: 16px/1.4 "Gill Sans", Optima, sans-serif; }
         table.departures { border-collapse: collapse; margin: 12px 24px; width: 90%; }
         table.departures td { border-bottom: 1px solid #d8d4c8; padding: 3px 9px; }
         td.on_time { color: #186218; } td.late { color: #8a5a00; } td.full { color: #555; }
         td.very_late, td.missed { color: #a01010; font-weight: bold; }
         span.minutes { font-size: 80%; opacity: 0.7; }
      </style>
   </head>
   <body>
      <h1>Departures</h1>
`

const htmlRow = `         <tr class="departure_of_ferry">
            <td class="name"><a href="#ferry_%d_%d">Ferry %d.%d</a></td>
            <td class="%s"><a href="north_harbour_ferry_%d_%d.html">Details</a><br><span class="minutes">%d min [%d]</span></td>
         </tr>
`
