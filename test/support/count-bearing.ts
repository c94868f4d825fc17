/** A program for a sandbox: prints how many processes in it bear the word in $WORD in their command line. */
export const countBearing = `
import glob, os
found = 0
for path in glob.glob("/proc/[0-9]*/cmdline"):
    try: found += os.environ["WORD"] in open(path).read()
    except OSError: pass  # it has ended meanwhile
print(found)
`;
