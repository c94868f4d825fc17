"""Jupyter's terminal server with a python3 for each websocket at /websocket; says where it listens."""

import sys

import tornado.httpserver
import tornado.ioloop
import tornado.netutil
import tornado.web
from terminado import TermSocket, UniqueTermManager

manager = UniqueTermManager(shell_command=[sys.argv[1]])
application = tornado.web.Application([(r"/websocket", TermSocket, {"term_manager": manager})])
[socket] = tornado.netutil.bind_sockets(0, "127.0.0.1")
tornado.httpserver.HTTPServer(application).add_sockets([socket])
print("listens on http://127.0.0.1:%d" % socket.getsockname()[1], flush=True)
tornado.ioloop.IOLoop.current().start()
