// Takes webhooks: hook_app.js PORT FILE. Each POST adds its path to the file and is its response; /events is an event
// stream, and /page reads it.
const fs = require("fs");
const http = require("http");

const [port, file] = process.argv.slice(2);
const page = `<!doctype html><title>events</title><script>
window.events = [];
window.states = [];
const source = new EventSource("/events");
source.onmessage = (event) => window.events.push(event.data);
source.onerror = () => window.states.push(source.readyState);
</script>`;
const server = http.createServer((request, response) => {
  if (request.url === "/events") {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write("data: " + process.pid + "\n\n");
    return;
  }
  if (request.url === "/page") {
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end(page);
    return;
  }
  request.resume().on("end", () => {
    fs.appendFileSync(file, request.url + "\n");
    response.end(request.url);
  });
});
server.listen(port, "127.0.0.1");
