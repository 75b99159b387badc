// Package network tests connections between hosts whose network fails: keepalive, the queues of
// package fanout, and the loop of package redial. Its tests need Linux and root:
//
//	HAWSER_NETWORK=1 go test -v ./fuzz/network
//
// Each test has three network namespaces, which ip(8) makes: a server, a client, and a router
// between them. The programs on the two hosts are processes, namely this test binary again. They
// exchange numbered messages whose contents follow from their numbers, and report to the test what
// they see. The faults are on the router: nft(8) drops packets, cuts the connection after a number
// of bytes, or answers with a reset, and tc(8) makes a link slow. On the hosts, links go down,
// sockets are destroyed, and processes are killed.
//
// Delay, jitter, duplicates, another order and corrupted packets come from the queueing discipline
// netem. Not every kernel has it. The same tests therefore run again with a TUN device and a
// process on the router, which does to packets what netem does.
//
// The tests take about a minute, and mostly wait. If HAWSER_NETWORK is not set, they are skipped. If
// it is "require", they fail where they would otherwise be skipped because the system lacks something,
// except for netem. Nothing outside the namespaces is changed, and the namespaces are removed at the
// end, or by the next run if this one is killed.
package network
