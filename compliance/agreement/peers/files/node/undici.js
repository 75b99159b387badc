// The undici package, which is in Node.js too, as a peer: the WebSocket of browsers.
'use strict';

const { WebSocket } = require('undici');
const { caseTime, main } = require('./common.js');

function run(url, answer) {
  return new Promise((resolve) => {
    let last;
    const socket = new WebSocket(url);
    // After some failures in the handshake there is no event.
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
