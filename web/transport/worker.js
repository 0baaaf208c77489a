/** SharedWorker entry: one socket for all windows of this browser. Not part of the page's type check (worker globals). */

import { createHub } from './hub.js';
import { createStream } from './stream.js';

const scheme = self.location.protocol === 'https:' ? 'wss' : 'ws';
const hub = createHub((sinks) => createStream(`${scheme}://${self.location.host}/stream`, sinks));

self.addEventListener('connect', (event) => {
  const port = event.ports[0];
  const member = hub.join(port);
  port.addEventListener('message', (message) => hub.receive(member, message.data));
  port.addEventListener('close', () => hub.leave(member));
  port.start();
});
