package payload

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const proseSize = 222_218

// Prose returns 222,218 bytes of UTF-8: verses without meaning whose words and grammar resemble
// German. The last line may be cut, but never within a character.
func Prose() []byte {
	w := &poet{dice: 5}
	for w.Len() < proseSize {
		w.stanza()
	}
	b := []byte(w.String())[:proseSize]
	for i := len(b) - 1; !utf8.Valid(b[i:]); i-- {
		if utf8.RuneStart(b[i]) {
			copy(b[i:], "  ") // a cut character: at most two of three bytes
		}
	}
	return b
}

// A poet writes verses.
type poet struct {
	strings.Builder
	dice
	stanzas int
}

func (w *poet) stanza() {
	w.stanzas++
	if w.stanzas%7 == 1 {
		w.WriteString("\n" + strings.ToUpper(word(w.one(nouns))) + ":\n")
	}
	for range 2 + w.below(6) {
		w.verse()
	}
	w.WriteString("\n")
}

func (w *poet) verse() {
	var words []string
	switch w.below(5) {
	case 0:
		words = []string{w.thing(accusative), w.verb(), w.thing(nominative)}
	case 1:
		words = []string{w.one(adverbs), w.verb(), w.thing(nominative), w.place()}
	case 2:
		words = []string{w.place(), w.verb(), w.one(pronouns), w.one(adverbs)}
	case 3:
		words = []string{w.thing(nominative) + ",", w.one(conjunctions), w.one(pronouns), w.one(adverbs),
			w.verb()}
	default:
		words = []string{w.one(conjunctions), w.one(pronouns), w.thing(indefinite), w.verb()}
	}
	s := strings.Join(words, " ")
	first, n := utf8.DecodeRuneInString(s)
	w.WriteString(string(unicode.ToUpper(first)) + s[n:] + w.one(stops) + "\n")
}

// A declension has the article and the ending of an adjective for each gender.
type declension map[byte][2]string

var (
	nominative = declension{'r': {"der", "e"}, 'e': {"die", "e"}, 's': {"das", "e"}}
	accusative = declension{'r': {"den", "en"}, 'e': {"die", "e"}, 's': {"das", "e"}}
	indefinite = declension{'r': {"einen", "en"}, 'e': {"eine", "e"}, 's': {"ein", "es"}}
	dative     = declension{'r': {"dem", "en"}, 'e': {"der", "en"}, 's': {"dem", "en"}}
)

// thing returns a noun with its article and, sometimes, an adjective.
func (w *poet) thing(d declension) string {
	noun := w.one(nouns)
	article, ending := d[noun[0]][0], d[noun[0]][1]
	if w.below(3) > 0 {
		article += " " + w.adjective() + ending
	}
	switch w.below(5) {
	case 0:
		return article + " " + word(w.one(nouns)) + strings.ToLower(word(noun))
	case 1, 2, 3:
		stem := w.stem()
		return article + " " + strings.ToUpper(stem[:1]) + stem[1:] + strings.ToLower(word(noun))
	}
	return article + " " + word(noun)
}

func (w *poet) place() string { return w.one(prepositions) + " " + w.thing(dative) }

func (w *poet) adjective() string {
	switch w.below(5) {
	case 0:
		return w.one(prefixes) + w.one(adjectives)
	case 1, 2, 3:
		return w.stem() + w.one(endings)
	}
	return w.one(adjectives)
}

func (w *poet) verb() string {
	if w.below(5) > 1 {
		return w.one(verbPrefixes) + w.stem() + "t"
	}
	return w.one(verbs)
}

// stem returns one or two syllables that sound German but are in no dictionary. Without them,
// the text would repeat a few hundred words.
func (w *poet) stem() string {
	s := w.one(onsets) + w.one(vowels) + w.one(codas)
	if w.below(2) == 0 {
		s += w.one(onsets) + w.one(vowels) + w.one(codas)
	}
	return s
}

// word returns a noun without the letter of its gender.
func word(noun string) string { return noun[2:] }

// nouns are prefixed with the last letter of their article: der, die or das.
var nouns = strings.Split(
	"r Wind,e Stadt,s Licht,r Abend,e Brücke,s Haus,r Schnee,e Stimme,s Meer,r Weg,e Straße,s Feuer,"+
		"r Morgen,e Hütte,s Schiff,r König,e Mühle,s Gras,r Vogel,e Träne,s Glück,r Fluss,e Küste,s Kind,"+
		"r Wald,e Blüte,s Herz,r Stein,e Höhle,s Tor,r Schlüssel,e Wölfin,s Dorf,r Garten,e Quelle,s Öl,"+
		"r Bär,e Asche,s Gewölbe,r Fuß,e Ähre,s Messer,r Kaufmann,e Schäferin,s Gespräch,r Krug,e Glocke,"+
		"s Ufer,r Zwerg,e Fähre,s Kräutlein,r Nebel,e Würde,s Gelächter,r Bruder,e Schwester,s Übel,"+
		"r Türmer,e Laterne,s Geheimnis,r Gedanke,e Wüste,s Geläut,r Anker,e Furcht,s Segel,r Zorn,"+
		"e Mauer,s Pferd,r Gruß,e Reise,s Gebirge,r Hafen,e Ernte,s Märchen", ",")

var verbPrefixes = strings.Split("ver,be,ent,zer,er,durch,miß,", ",")

var verbs = strings.Split(
	"sieht,hört,trägt,findet,sucht,kennt,fängt,läßt,ruft,bricht,hütet,grüßt,verliert,vergißt,weckt,"+
		"schließt,öffnet,wärmt,kühlt,verschlingt,begleitet,zerschlägt,vermißt,erträumt,umschließt,belügt,"+
		"tröstet,beschützt,verwünscht,erzählt,malt,schüttelt,füllt,leert,wiegt,zählt,prüft,tauscht,"+
		"schmiedet,bläst,pflückt,versöhnt,entführt,durchquert,überhört,verhüllt,errät,bewacht,spürt", ",")

var adjectives = strings.Split(
	"alt,grün,still,süß,fern,kühl,weiß,schwarz,klein,groß,müd,blau,rot,stolz,arm,reich,treu,wild,"+
		"zart,fremd,heiß,kalt,weit,schmal,rund,hohl,hell,finster,bitter,gläsern,hölzern,silbern,ewig,"+
		"traurig,fröhlich,gütig,mächtig,zornig,heimlich,ängstlich,wunderlich,unermüdlich,vergänglich,"+
		"schläfrig,listig,mürrisch,seltsam,himmlisch,staubig,ehrlich,rostig,knöchern,buckelig", ",")

var endings = strings.Split("ig,lich,isch,sam,bar,haft,los,en", ",")

var prefixes = strings.Split("un,ur,nacht,tief,wein,stein,halb,immer,gold,erz,eis,über,vor,mit", ",")

var adverbs = strings.Split(
	"heute,nun,dann,einst,bald,niemals,immer,dort,hier,droben,drunten,kaum,früh,spät,wieder,zögernd,"+
		"leise,plötzlich,allmählich,vielleicht,gewiß,schwerlich,rings,ferner,abermals,zuweilen,allerwegen", ",")

var prepositions = strings.Split(
	"in,an,auf,mit,bei,unter,über,vor,hinter,neben,aus,nach,zwischen,von,seit,gegenüber", ",")

var conjunctions = strings.Split(
	"und,wenn,daß,ob,weil,als,denn,doch,aber,obwohl,damit,bevor,nachdem,während,solange,sobald", ",")

var pronouns = strings.Split("er,sie,es,man,wer,jeder,keiner,niemand,mancher,jemand,einer,dieser,jener", ",")

var stops = []string{",", ".", ",", "!", ";", "?", ":", " –"}

var (
	onsets = strings.Split("w,schl,br,gr,fl,st,k,m,kn,l,tr,h,schw,d,zw,pf,r,b,gl,n,spr,f", ",")
	vowels = strings.Split("a,e,i,o,u,ei,au,ä,ö,ü,ie,eu,äu", ",")
	codas  = strings.Split("nd,rt,lm,cht,rm,ngel,ff,ck,ld,mmer,tz,rn,ßen,bel,hn,gen,rz,st,del", ",")
)
