// npm's ws as a peer; peer_test.go says what a peer does. It is given its setup as
// JSON in the only argument.
'use strict';

const { WebSocket, WebSocketServer } = require('ws');

const setup = JSON.parse(process.argv[2]);
const report = { extensions: '', code: 1006, reason: '', error: '' };
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

// All messages are compressed: a threshold would only hold without takeover.
function deflateOptions() {
  const options = { threshold: 0 };
  if (setup.serverBits) {
    options.serverMaxWindowBits = setup.serverBits;
    options.clientMaxWindowBits = setup.clientBits;
    if (setup.noTakeover) {
      options.serverNoContextTakeover = true;
      options.clientNoContextTakeover = true;
    }
  }
  if (setup.unsized) {
    options.clientMaxWindowBits = false;
  }
  return options;
}

function sendFragments(socket, data, binary) {
  const third = Math.ceil(data.length / 3);
  for (let i = 0; i < 3; i++) {
    socket.send(data.subarray(i * third, (i + 1) * third), { binary, fin: i === 2 });
  }
}

function echo(socket, ended) {
  socket.on('message', (data, binary) => {
    const text = binary ? '' : data.subarray(0, 9).toString();
    if (text === 'close') {
      socket.close(1000, 'bye');
    } else if (text === 'fragment ') {
      sendFragments(socket, data, binary);
    } else {
      socket.send(data, { binary });
    }
  });
  socket.on('error', (error) => {
    report.error = String(error);
  });
  socket.on('close', (code, reason) => {
    report.code = code;
    report.reason = reason.toString();
    say(report);
    ended();
  });
}

function connect() {
  const socket = new WebSocket(setup.url, { perMessageDeflate: deflateOptions() });
  socket.on('upgrade', (response) => {
    report.extensions = response.headers['sec-websocket-extensions'] || '';
  });
  echo(socket, () => {});
}

function serve() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: deflateOptions() });
  const name = 'sec-websocket-extensions: ';
  server.on('headers', (lines) => {
    const line = lines.find((line) => line.toLowerCase().startsWith(name));
    report.extensions = line ? line.slice(name.length) : '';
  });
  server.on('connection', (socket) => echo(socket, () => server.close()));
  server.on('listening', () => say({ url: `ws://127.0.0.1:${server.address().port}/` }));
}

try {
  (setup.role === 'client' ? connect : serve)();
} catch (error) {
  report.error = String(error);
  say(report);
}
