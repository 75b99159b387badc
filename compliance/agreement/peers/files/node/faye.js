// The faye-websocket package as a peer, with permessage-deflate.
'use strict';

const http = require('http');
const WebSocket = require('faye-websocket');
const deflate = require('permessage-deflate');
const { caseTime, listening, main } = require('./common.js');

const options = { extensions: [deflate], maxLength: 32 << 20 };

function echo(socket) {
  socket.on('message', (event) => socket.send(event.data));
}

function serve() {
  const server = http.createServer((request, response) => response.writeHead(400).end());
  server.on('upgrade', (request, stream, body) => {
    if (WebSocket.isWebSocket(request)) {
      echo(new WebSocket(request, stream, body, [], options));
    } else {
      stream.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    }
  });
  server.listen(0, '127.0.0.1', listening(server));
}

function run(url, answer) {
  return new Promise((resolve) => {
    let last;
    const socket = new WebSocket.Client(url, [], options);
    const timer = setTimeout(() => socket.close(), caseTime);
    if (answer) echo(socket);
    socket.on('message', (event) => { last = event.data; });
    socket.on('close', () => { clearTimeout(timer); resolve(last); });
  });
}

main({ serve, run });
