"""A curses program: boxes in colours that move with keys, and follow the terminal's size while it draws."""

import curses
import os


def draw(screen, step):
    rows, cols = screen.getmaxyx()
    screen.erase()
    screen.addnstr(0, 0, "step %d, %dx%d" % (step, cols, rows), cols - 1, curses.A_UNDERLINE)
    for number in range(4):
        box = screen.derwin(5, 14, 2 + number * 3 % max(1, rows - 8), (number * 15 + step) % max(1, cols - 15))
        box.bkgd(" ", curses.color_pair(number + 1))
        box.box()
        box.addstr(2, 3, "box %d" % number, curses.A_BOLD)
    screen.refresh()


def main(screen):
    curses.start_color()
    curses.curs_set(0)
    for number in range(1, 5):
        curses.init_pair(number, curses.COLOR_WHITE, number)
    for step in range(60):
        draw(screen, step)
    mark("drawn")
    step = 60
    # ncurses looks for a new size before it waits; of one that comes in between it would tell with the next key only.
    screen.timeout(100)
    while (key := screen.getch()) != ord("q"):
        if key == curses.KEY_RESIZE:
            # All of it anew: now and then ncurses has drawn the old picture in the new size before it tells.
            screen.clear()
            draw(screen, step)
            mark("resized")
        elif key == curses.KEY_RIGHT:
            step += 1
            draw(screen, step)
            mark("moved")
    screen.addstr(1, 0, "done")
    screen.refresh()
    mark("end")
    screen.timeout(-1)
    screen.getch()


def mark(name):
    os.write(1, b"\x1b]2;%s\x07" % name.encode())


print("\x1bc", end="", flush=True)
curses.wrapper(main)
