// The undici package as a peer. Node.js includes it, and it has the WebSocket API of browsers.
'use strict';

const { WebSocket } = require('undici');
const { caseTime, main } = require('./common.js');

function run(url, answer) {
  return new Promise((resolve) => {
    let last;
    const socket = new WebSocket(url);
    // Some failures of the opening handshake cause no event.
    const give = (time) => setTimeout(() => { socket.close(); resolve(last); }, time);
    let timer = give(15000);
    socket.onopen = () => { clearTimeout(timer); timer = give(caseTime); };
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => {
      last = event.data;
      if (answer) socket.send(event.data);
    };
    socket.onclose = () => { clearTimeout(timer); resolve(last); };
  });
}

main({ run });
