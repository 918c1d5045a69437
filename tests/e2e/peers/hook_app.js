// Takes webhooks: hook_app.js PORT FILE. Each POST adds its path to the file and is its response; /events is an event
// stream.
const fs = require("fs");
const http = require("http");

const [port, file] = process.argv.slice(2);
const server = http.createServer((request, response) => {
  if (request.url === "/events") {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write("data: " + process.pid + "\n\n");
    return;
  }
  request.resume().on("end", () => {
    fs.appendFileSync(file, request.url + "\n");
    response.end(request.url);
  });
});
server.listen(port, "127.0.0.1");
