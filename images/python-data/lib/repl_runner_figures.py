"""A matplotlib backend that draws in the terminal: `plt.show()` prints each figure as a PNG by the iTerm inline-image
protocol, which xterm.js and others show. Selected by MPLBACKEND; where standard output is no terminal it draws nothing.
"""

import base64
import io
import sys

from matplotlib import _pylab_helpers
from matplotlib.backend_bases import FigureManagerBase, _Backend
from matplotlib.backends.backend_agg import FigureCanvasAgg

MAX_BYTES = 4 * 1024 * 1024


def _inline_image(png):
    """The escape sequence that shows an image as large as it is, at most as wide as the terminal."""
    header = "inline=1;size=%d;preserveAspectRatio=1" % len(png)
    return "\033]1337;File=%s:%s\a\n" % (header, base64.b64encode(png).decode())


def _draw(figure):
    if not sys.stdout.isatty():
        print("plt.show() draws in a terminal only; use plt.savefig().", file=sys.stderr)
        return
    image = io.BytesIO()
    figure.savefig(image, format="png")
    if image.tell() > MAX_BYTES:
        print("The figure is too large to be drawn here; use plt.savefig().", file=sys.stderr)
        return
    sys.stdout.write(_inline_image(image.getvalue()))
    sys.stdout.flush()


class FigureManager(FigureManagerBase):
    def show(self):
        _draw(self.canvas.figure)

    @classmethod
    def pyplot_show(cls, *, block=None):
        """Draws all figures and forgets them, so that the next one starts anew."""
        for manager in _pylab_helpers.Gcf.get_all_fig_managers():
            manager.show()
        _pylab_helpers.Gcf.destroy_all()


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager


@_Backend.export
class _BackendTerminal(_Backend):
    backend_version = "1"
    FigureCanvas = FigureCanvas
    FigureManager = FigureManager
