"""Draws as vim does: alternate screen, scroll regions, lines in and out, cursor jumps, colours, a status line; on a key, anew."""

import os
import sys
import termios
import tty


def mark(name):
    sys.stdout.write("\x1b]2;%s\x07" % name)
    sys.stdout.flush()


def key():
    return sys.stdin.buffer.raw.read(1)


def draw(title):
    cols, rows = os.get_terminal_size()
    put = sys.stdout.write
    put("\x1b[?25l\x1b[H\x1b[2J")
    for row in range(1, rows):
        put("\x1b[%d;1H\x1b[38;5;%dm%4d \x1b[0m%s" % (row, row % 256, row, "word " * (cols // 10)))
    put("\x1b[2;%dr\x1b[2;1H\x1b[3L" % (rows - 1))  # a region, three lines in
    put("\x1b[2;1Hinserted\x1b[3;1H\x1b[1;7mreverse and bold\x1b[0m")
    put("\x1b[%d;1H\n\n" % (rows - 1))  # scrolls the region twice
    put("\x1b[5;1H\x1b[2M\x1b[6;10H\x1b[4@four\x1b[7;3H\x1b[5P\x1b[8;1H\x1b[K\x1b[r")
    put("\x1b7\x1b[%d;1H\x1b[48;2;20;40;60m\x1b[38;2;250;200;80m%s\x1b[0m\x1b8" % (rows, title.ljust(cols)[:cols]))
    put("here\x1b[?25h")


before = termios.tcgetattr(0)
sys.stdout.write("\x1bc\x1b[?1049h")
tty.setraw(0)
draw("first")
mark("drawn")
key()
draw("%dx%d" % os.get_terminal_size())
mark("again")
key()
termios.tcsetattr(0, termios.TCSADRAIN, before)
sys.stdout.write("\x1b[?1049l")
mark("end")
sys.stdin.read(1)
