// What the peers share. A peer is run in one of three ways:
//   node PEER.js serve            as an echo server
//   node PEER.js drive URL AGENT  as a client of a fuzzing server
//   node PEER.js SETUP            as a peer of compliance/interop
'use strict';

function endWithInput() {
  process.stdin.on('end', () => process.exit(0)).on('close', () => process.exit(0)).resume();
}

// drive has a client go through all cases. run connects once, echoes if told to, and
// resolves with the last message when the connection is over.
async function drive(base, agent, run) {
  const count = Number(await run(base + '/getCaseCount', false));
  if (!Number.isInteger(count)) throw new Error('no number of cases');
  const query = 'agent=' + encodeURIComponent(agent);
  for (let n = 1; n <= count; n++) await run(`${base}/runCase?case=${n}&${query}`, true);
  await run(`${base}/updateReports?${query}`, true);
}

exports.caseTime = 180000; // in milliseconds
exports.listening = (server) => () => console.log('listening ' + server.address().port);

exports.main = ({ serve, run, exchange }) => {
  const [, , way, base, agent] = process.argv;
  if (way === 'serve') {
    endWithInput();
    serve();
  } else if (way === 'drive') {
    endWithInput();
    drive(base, agent, run).then(() => process.exit(0), (err) => {
      console.error(String(err));
      process.exit(1);
    });
  } else {
    exchange(JSON.parse(way));
  }
};
