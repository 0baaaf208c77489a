/** A page with nothing on it: tests import the modules they ask about. */

window.ready = true;
