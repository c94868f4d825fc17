// The view id can be given away: it shows, and lets nobody type.
const viewer = document.querySelector('#viewer');
document.querySelector('#owner').addEventListener('repl-start', ({ detail }) => viewer.attach(detail.session.viewId));
