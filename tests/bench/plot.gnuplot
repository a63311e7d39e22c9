# gnuplot -e "data='FILE.dat'; output='FILE.svg'" plot.gnuplot
# A file of data is a block for each series: its name in quotes, then lines of x and y (ns), then two empty
# lines.
set terminal svg noenhanced size 1000,560 font "sans-serif,13" background "white"
set output output
set key autotitle columnheader outside right top
set logscale xy
set grid
set format y "%.0s %cs"
set ylabel "p50 of one operation"
if (strstrt(data, "size.dat")) {
  set title "By the size of the value"
  set xlabel "size of the value"
  set logscale x 2
  set xtics ("8 B" 8, "512 B" 512, "32 KiB" 2**15, "2 MiB" 2**21, "128 MiB" 2**27, "8 GiB" 2**33)
}
if (strstrt(data, "readers.dat")) {
  set title "By the number of processes that read one variable"
  set xlabel "reading processes"
  set logscale x 2
  unset logscale y
  set yrange [0:*]
}
if (strstrt(data, "variables.dat")) {
  set title "By the number of variables, one of which is read at random"
  set xlabel "variables"
}
blocks = int(system("grep -c '^\"' '".data."'"))
plot for [i=0:blocks-1] data index i using 1:($2*1e-9) with linespoints linecolor i+1 pointtype i+4 pointsize 0.6 linewidth 1.5
