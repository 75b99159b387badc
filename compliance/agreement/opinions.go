package main

// An opinion says who is right about the verdicts on a case: the suite, the peer, or
// nobody because the RFC leaves it open.
type opinion struct {
	cases, peer string // patterns of path.Match; "" fits anything
	verdict     string // of the behavior; "" fits any
	text        string
}

// opinions are looked at in this order; the first that fits counts.
var opinions = []opinion{}

// opinionOn returns the opinion on a verdict, "" if there is none.
func opinionOn(f finding) string {
	for _, o := range opinions {
		if fits(o.cases, f.Case.ID) && fits(o.peer, f.Run.Peer) && (o.verdict == "" || o.verdict == string(f.Result.Behavior)) {
			return o.text
		}
	}
	return ""
}
