// The parts that the peers share. A peer runs in one of three ways:
//   node PEER.js serve            an echo server
//   node PEER.js drive URL AGENT  a client of a fuzzing server
//   node PEER.js SETUP            one connection, as exchange.go describes it
'use strict';

function endWithInput() {
  process.stdin.on('end', () => process.exit(0)).on('close', () => process.exit(0)).resume();
}

// drive runs all cases. Its argument run connects once, echoes if its second argument is
// true, and resolves with the last message when the connection has ended.
async function drive(base, agent, run) {
  const count = Number(await run(base + '/getCaseCount', false));
  if (!Number.isInteger(count)) throw new Error('the server sent no number of cases');
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
