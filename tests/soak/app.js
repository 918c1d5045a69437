// The local app of the soak, over Node's http and ws.
//
//   GET  /small?n=N              "small N"
//   POST /hook                   the body back
//   POST /upload                 its SHA-256
//   GET  /download?mib=N         N MiB whose content http_caller.py knows too
//   GET  /events?count=N&every=MS
//   WS   /echo
//   GET  /open                   requests and sockets that are open, this one not counted
'use strict';
const crypto = require('crypto');
const http = require('http');
const {WebSocketServer} = require('ws');

const MIB = 1 << 20;
const sha256 = data => crypto.createHash('sha256').update(data).digest();
const block = Buffer.concat(Array.from({length: MIB / 32}, (_, i) => sha256(`${i}`)));
let open = 0;

function counted(emitter) {
  open += 1;
  emitter.on('close', () => { open -= 1; });
}

function download(response, mib) {
  response.writeHead(200, {'Content-Length': mib * MIB});
  const next = number => {
    if (number === mib) return response.end();
    if (response.destroyed) return undefined;
    const piece = Buffer.from(block);
    piece.writeUInt32BE(number);
    return response.write(piece) ? setImmediate(next, number + 1) : response.once('drain', () => next(number + 1));
  };
  next(0);
}

function events(response, count, every) {
  response.writeHead(200, {'Content-Type': 'text/event-stream'});
  let number = 0;
  const timer = setInterval(() => {
    response.write(`data: ${number}\n\n`);
    if (++number === count) {
      clearInterval(timer);
      response.end();
    }
  }, every);
  response.on('close', () => clearInterval(timer));
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://app');
  if (url.pathname === '/open') {
    response.end(`${open}`);
    return;
  }
  counted(response);
  request.on('error', () => {});  // aborted; the response closes too
  if (url.pathname === '/small') {
    response.end(`small ${url.searchParams.get('n')}`);
  } else if (url.pathname === '/hook') {
    request.pipe(response);
  } else if (url.pathname === '/upload') {
    const hash = crypto.createHash('sha256');
    request.on('data', piece => hash.update(piece));
    request.on('end', () => response.end(hash.digest('hex')));
  } else if (url.pathname === '/download') {
    download(response, Number(url.searchParams.get('mib')));
  } else if (url.pathname === '/events') {
    events(response, Number(url.searchParams.get('count')), Number(url.searchParams.get('every')));
  } else {
    response.writeHead(404);
    response.end();
  }
});

const sockets = new WebSocketServer({noServer: true, perMessageDeflate: false});
server.on('upgrade', (request, socket, head) => {
  counted(socket);
  sockets.handleUpgrade(request, socket, head, ws => {
    ws.on('message', (data, binary) => ws.send(data, {binary}));
    ws.on('error', () => {});
  });
});
server.listen(0, '127.0.0.1', 1024, () => console.log(`ready ${server.address().port}`));
