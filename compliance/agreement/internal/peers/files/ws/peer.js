// Runs the ws package as an echo server, or as a client of a fuzzing server.
//   node peer.js PACKAGE serve
//   node peer.js PACKAGE drive URL AGENT
// PACKAGE is the directory of the package.
'use strict';

const { WebSocket, WebSocketServer } = require(process.argv[2]);

const options = {
  perMessageDeflate: { threshold: 0 },
  maxPayload: 32 << 20,
};

process.stdin.on('end', () => process.exit(0)).on('close', () => process.exit(0)).resume();

function echo(socket) {
  socket.on('error', () => {}); // close follows
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
}

function serve() {
  const server = new WebSocketServer({ ...options, host: '127.0.0.1', port: 0 });
  server.on('connection', echo);
  server.on('listening', () => console.log('listening ' + server.address().port));
}

// run connects once; it resolves with the last message when the connection is over.
function run(url, handle) {
  return new Promise((resolve) => {
    let last;
    const socket = new WebSocket(url, { ...options, handshakeTimeout: 10000 });
    const timer = setTimeout(() => socket.terminate(), 180000);
    handle(socket);
    socket.on('message', (data) => { last = data; });
    socket.on('close', () => { clearTimeout(timer); resolve(last); });
  });
}

async function drive(base, agent) {
  const count = Number(await run(base + '/getCaseCount', (s) => s.on('error', () => {})));
  if (!Number.isInteger(count)) throw new Error('no number of cases');
  const query = 'agent=' + encodeURIComponent(agent);
  for (let n = 1; n <= count; n++) await run(`${base}/runCase?case=${n}&${query}`, echo);
  await run(`${base}/updateReports?${query}`, echo);
}

if (process.argv[3] === 'serve') {
  serve();
} else {
  drive(process.argv[4], process.argv[5]).then(() => process.exit(0), (err) => {
    console.error(String(err));
    process.exit(1);
  });
}
