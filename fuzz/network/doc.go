// Package network tests keepalive, the queues of package fanout and the loop of package redial
// between hosts whose network fails. Its tests need Linux and root:
//
//	HAWSER_NETWORK=1 go test -v ./fuzz/network
//
// Each test has three network namespaces, made by ip(8): a server, a client, and a router between
// them. The programs on the two hosts are processes of this test binary. They exchange numbered
// messages whose contents follow from their numbers, and report to the test what they see. Most
// faults are on the router: nft(8) drops packets, cuts the connection after a number of bytes, or
// answers with a reset, and tc(8) makes a link slow. On the hosts, links go down, sockets are
// destroyed, and processes are killed.
//
// The queueing discipline netem delays, loses, duplicates, reorders and corrupts packets. Not every
// kernel has it. The same tests therefore run again with a process on the router, which does the
// same through a TUN device.
//
// The tests take about a minute, and mostly wait. If HAWSER_NETWORK is not set, they are skipped. If
// it is "require", tests for which the system lacks something fail instead of being skipped, except
// those that need netem. Nothing outside the namespaces is changed. The namespaces are removed at
// the end, or by the next run if this one is killed.
package network
