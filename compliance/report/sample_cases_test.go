package report

var (
	utf8Rule = &Rule{"RFC 6455, section 8.1", rfc6455 + "8.1", "MUST",
		"When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid " +
			"UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_."}
	rsvRule = &Rule{"RFC 6455, section 5.2", rfc6455 + "5.2", "MUST",
		"MUST be 0 unless an extension is negotiated that defines meanings for non-zero values."}
	lengthRule = &Rule{"RFC 6455, section 5.2", rfc6455 + "5.2", "MUST",
		"If 127, the following 8 bytes interpreted as a 64-bit unsigned integer (the most significant bit MUST be 0) are " +
			"the payload length."}
	badText = &Offense{true, 0, []byte("\x01\x8b\x97\xa6\x2c\x66κόσμε\x80\x84\x00\x00\x00\x00\xf4\x90\x80\x80edited, and more that follows"),
		22, 4, "U+110000 is beyond Unicode"}
	badRSV    = &Offense{false, 31, []byte{0xc1, 0x05, 'H', 'e', 'l', 'l', 'o'}, 0, 1, "RSV1 is set, and no extension was agreed on"}
	badLength = &Offense{true, 0, []byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 2, 1, "the top bit of the length is set"}
)

var sampleCases = []sampleCase{
	{"1.1.1", "Send a text message with an empty payload.", "The same message comes back, with an empty payload. Then the connection is closed as usual.", "ok ok ok", echoes("")},
	{"1.1.2", "Send a text message of 125 octets.", "The same message comes back.", "ok ok ok", echoes("*****")},
	{"1.1.10", "Send a text message of 65,536 octets, all at once, in a single frame whose length takes eight octets.", "The same message comes back.", "ok ok fail", echoes("*")},
	{"1.2.1", "Send a binary message with an empty payload.", "The same message comes back.", "ok ok ok/unclean", echoes("")},
	{"1.2.2", "Send a binary message of 125 octets.", "The same message comes back.", "ok ok ok", echoes("\xfe\xfe")},
	{"2.1", "Send a ping without a payload.", "A pong without a payload comes back.", "ok ok ok/unclean", echoes("")},
	{"2.9", "Send a pong nobody asked for, then a ping with a payload.", "Nothing in answer to the pong, and a pong with that payload in answer to the ping.", "ok ok ok/open", echoes("ping payload")},
	{"2.10", "Send ten pings with payloads.", "Ten pongs with those payloads, in order.", "ok ok ok/open", echoes("payload-0")},
	{"3.1", "Send a small text message with RSV 1 set.", "The connection is failed at once: no extension gave the bit a meaning.", "ok ok fail/fail", refused(1002, rsvRule, badRSV)},
	{"3.2", "Send a small text message, then another with RSV 2 set.", "The first comes back, and then the connection is failed.", "ok ok ok/code", refused(1002, rsvRule, badRSV)},
	{"4.1.1", "Send a frame with the reserved opcode 3.", "The connection is failed at once.", "ok ok ok/code", refused(1002, rsvRule, badRSV)},
	{"4.2.1", "Send a frame with the reserved opcode 11.", "The connection is failed at once.", "ok ok ok", refused(1002, rsvRule, badRSV)},
	{"5.18", "Send a text message in two fragments that both have the opcode of a text frame.", "The connection is failed at once.", "ok ok ok", refused(1002, rsvRule, badRSV)},
	{"5.19", "Send a text message in five fragments. After the second one comes a ping, and then nothing for a second; a second ping comes before the last fragment.\n\nAll of that is allowed.", "A pong for the first ping before the message ends, a pong for the second, and then the whole message.", "ok ok fail", fragments},
	{"5.20", "The same as 5.19, with every frame written by itself.", "The same as for 5.19: how octets are cut on the wire must not matter.", "ok ok fail/unclean", fragments},
	{"6.1.1", "Send a text message with an empty payload.", "The same message comes back.", "ok ok ok", echoes("")},
	{"6.2.1", "Send a text message of many scripts in one frame: Hello-µ@ßöäüàá-UTF-8!!", "The same message comes back.", "ok ok ok", echoes("Hello-µ@ßöäüàá-UTF-8!!")},
	{"6.4.1", "Send text that is not UTF-8 in three fragments: the first is valid, the second is wrong, the third is valid again. There is a pause before each.<br>PART1 = cebae1bdb9cf83cebcceb5<br>PART2 = f4908080<br>PART3 = 656469746564", "The connection is failed as soon as the second fragment is there. A peer that fails it when the message ends is not strict.", "ok lax fail/fail", refused(1007, utf8Rule, badText)},
	{"6.4.2", "The same as 6.4.1, with the second fragment cut inside the wrong sequence.", "The connection is failed at the first octet that cannot be.", "ok lax fail/fail", refused(1007, utf8Rule, badText)},
	{"7.1.1", "Send a message, then a close frame.", "The message comes back, then a close frame.", "ok ok ok/unclean", echoes("Hello World!")},
	{"7.1.6", "Send 256 KiB of text, a close frame and a ping, all at once.", "There is no wrong answer: it depends on when the peer sees the close frame.", "info/info info/info info/info", echoes("Hello World!")},
	{"7.5.1", "Send a close frame whose reason is not UTF-8.", "The connection is failed.", "ok fail/code ok/code", refused(1007, utf8Rule, badText)},
	{"7.9.1", "Send a close frame with the status code 0.", "The connection is failed with 1002.", "ok ok ok/code", refused(1002, utf8Rule, badText)},
	{"7.13.1", "Send a close frame with the status code 5000.", "There is no wrong answer.", "info/info info/info info/info", echoes("")},
	{"9.1.1", "Send a text message of 64 KiB.", "The same message comes back within 10 seconds.", "ok ok ok", timed},
	{"9.1.6", "Send a text message of 16 MiB.", "The same message comes back within 100 seconds.", "ok ok fail/fail", timed},
	{"9.3.1", "Send 4 MiB of text in fragments of 64 octets.", "The same message comes back within 100 seconds.", "ok ok ok", timed},
	{"10.1.1", "Send 65,536 octets of text that the sender cuts into fragments of 1,300.", "The same message comes back.", "ok ok ok", timed},
	{"12.1.1", "Send 1,000 compressed messages of 16 octets of JSON.", "The same messages come back within a minute.", "ok ok none", compresses},
	{"12.1.2", "Send 1,000 compressed messages of 64 octets of JSON.", "The same messages come back within a minute.", "ok ok none", compresses},
	{"12.4.3", "Send 1,000 compressed messages of 256 octets of HTML.", "The same messages come back within two minutes.", "ok ok/unclean none", compresses},
	{"13.3.1", "Ask for a window of 9 bits and send 1,000 compressed messages of 16 octets.", "The peer agrees to the window or declines; the messages come back.", "ok none none", compresses},
	{"13.5.1", "Ask for no context takeover and a window of 9 bits.", "The peer agrees or declines; the messages come back.", "ok none none", compresses},
	{"H.1.1", "Ask with POST instead of GET.", "The handshake is refused.", "ok fail fail", echoes("")},
	{"H.1.2", "Ask with HTTP/1.0.", "The handshake is refused.", "ok ok fail", echoes("")},
	{"H.2.1", "Send a key that is not 16 octets long.", "The handshake is refused.", "ok fail fail", echoes("")},
	{"L.1", "Send a frame whose 64-bit length has its top bit set.", "The connection is failed with 1002.", "ok ok/code fail/unclean", refused(1002, lengthRule, badLength)},
	{"L.2", "Send a length of 5 in 16 bits.", "The connection is failed with 1002.", "ok lax lax", refused(1002, lengthRule, badLength)},
	{"X.1", "Answer an offer of a window of 9 bits, and use 15.", "The connection is failed.", "ok none none", compresses},
	{"R.1", "Send 300,000 empty fragments.", "The peer ends the connection before it runs out of memory.", "ok fail -", echoes("")},
	{"C.1", "Answer a client with a masked frame.", "The client fails the connection with 1002.", "ok - -", refused(1002, rsvRule, badRSV)},
}
