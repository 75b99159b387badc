// The ws package as a peer.
'use strict';

const { WebSocket, WebSocketServer } = require('ws');
const { caseTime, listening, main } = require('./common.js');

const options = {
  perMessageDeflate: { threshold: 0 },
  maxPayload: 32 << 20,
};

function echo(socket) {
  socket.on('error', () => {}); // close follows
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
}

function serve() {
  const server = new WebSocketServer({ ...options, host: '127.0.0.1', port: 0 });
  server.on('connection', echo);
  server.on('listening', listening(server));
}

function run(url, answer) {
  return new Promise((resolve) => {
    let last;
    const socket = new WebSocket(url, { ...options, handshakeTimeout: 10000 });
    const timer = setTimeout(() => socket.terminate(), caseTime);
    if (answer) {
      echo(socket);
    } else {
      socket.on('error', () => {});
    }
    socket.on('message', (data) => { last = data; });
    socket.on('close', () => { clearTimeout(timer); resolve(last); });
  });
}

// The rest is for exchange, which exchange.go describes.
const report = { extensions: '', code: 1006, reason: '', error: '' };
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

// The threshold of 0 compresses all messages. ws ignores a threshold with takeover.
function deflateOptions(setup) {
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

function exchangeOn(socket, ended) {
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

function exchangeAsClient(setup) {
  const socket = new WebSocket(setup.url, { perMessageDeflate: deflateOptions(setup) });
  socket.on('upgrade', (response) => {
    report.extensions = response.headers['sec-websocket-extensions'] || '';
  });
  exchangeOn(socket, () => {});
}

function exchangeAsServer(setup) {
  const perMessageDeflate = deflateOptions(setup);
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate });
  const name = 'sec-websocket-extensions: ';
  server.on('headers', (lines) => {
    const line = lines.find((line) => line.toLowerCase().startsWith(name));
    report.extensions = line ? line.slice(name.length) : '';
  });
  server.on('connection', (socket) => exchangeOn(socket, () => server.close()));
  server.on('listening', () => say({ url: `ws://127.0.0.1:${server.address().port}/` }));
}

function exchange(setup) {
  try {
    (setup.role === 'client' ? exchangeAsClient : exchangeAsServer)(setup);
  } catch (error) {
    report.error = String(error);
    say(report);
  }
}

main({ serve, run, exchange });
