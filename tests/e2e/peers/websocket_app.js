// The local app of websockets.py, over ws; websocket_app.py is the same over Python's websockets. What it serves:
//
//   /echo?id=ID     each message back; the other paths do too, unless they say otherwise
//   /hello          first "hello", together with the 101
//   /pieces         each message back in five fragments, a ping between the second and the third
//   /close          "CODE REASON" closes so
//   /vanish         any message: FIN without a close frame
//   /reset          any message: RST
//   /ping           pings with each message and says so once its pong came
//   /about          first the subprotocol and the extensions, as the app sees them
//   /ended?id=ID    "CODE REASON" once the socket of that id has ended
//   /refused        401 with a body
'use strict';
const http = require('http');
const {WebSocketServer} = require('ws');

const MAX_MESSAGE = 32 << 20;
const BODY = 'no entry\n'.repeat(20_000);

const endings = new Map();  // id -> {promise, resolve}
function ending(id) {
  if (!endings.has(id)) {
    const it = {};
    it.promise = new Promise(resolve => { it.resolve = resolve; });
    endings.set(id, it);
  }
  return endings.get(id);
}

function sendInPieces(ws, data, binary) {
  const step = Math.ceil(data.length / 5);
  for (let i = 0; i < 5; ++i) {
    ws.send(data.subarray(i * step, (i + 1) * step), {binary, fin: i === 4});
    if (i === 1) ws.ping('between');
  }
}

const answers = {
  '/pieces': sendInPieces,
  '/close': (ws, data) => {
    const [code, ...reason] = data.toString().split(' ');
    ws.close(Number(code), reason.join(' '));
  },
  '/vanish': ws => ws.terminate(),
  '/reset': ws => ws._socket.resetAndDestroy(),
  '/ping': (ws, data) => {
    ws.once('pong', payload => ws.send(`pong ${payload}`));
    ws.ping(data);
  },
};

function serve(ws, url) {
  const answer = answers[url.pathname] ?? ((_, data, binary) => ws.send(data, {binary}));
  ws.on('message', (data, binary) => answer(ws, data, binary));
  ws.on('error', () => {});  // 'close' follows
  ws.on('close', (code, reason) => ending(url.searchParams.get('id')).resolve(`${code} ${reason}`));
  if (url.pathname === '/hello') ws.send('hello');
  if (url.pathname === '/about') ws.send(`${ws.protocol} ${ws.extensions}`);
}

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: MAX_MESSAGE,
  perMessageDeflate: true,  // where the caller offers it
  handleProtocols: offered => offered.has('v2.tunnel') ? 'v2.tunnel' : false,
});
const server = http.createServer();
server.on('upgrade', (request, socket, head) => {
  const url = new URL(request.url, 'http://app');
  if (url.pathname === '/refused') {
    socket.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="app"\r\n' +
               `Connection: close\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`);
    return;
  }
  socket.cork();  // so that the 101 and what is sent at once leave in one segment
  sockets.handleUpgrade(request, socket, head, ws => {
    if (url.pathname === '/ended') {
      ending(url.searchParams.get('id')).promise.then(how => ws.send(how));
      return;
    }
    serve(ws, url);
  });
  socket.uncork();
});
server.listen(0, '127.0.0.1', 1024, () => console.log(`ready ${server.address().port}`));
