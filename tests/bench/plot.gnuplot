# gnuplot -e "data='FILE.dat'; output='FILE.svg'" plot.gnuplot
# A file of data is a block for each series: its name in quotes, then lines of x and y, then two empty lines.
set terminal svg size 960,600 font "sans-serif,13" background "white"
set output output
set logscale xy
set format y "%.0s %cs"
set grid
set key outside right top
set ylabel "p50 of one operation, seconds"
if (strstrt(data, "size.dat")) {
  set title "By the size of the value"
  set xlabel "bytes"
  set logscale x 2
  set format x "2^{%L}"
}
if (strstrt(data, "readers.dat")) {
  set title "By the number of processes that read one variable"
  set xlabel "reading processes"
  set logscale x 2
  set format x "%.0f"
  unset logscale y
  set yrange [0:*]
}
if (strstrt(data, "variables.dat")) {
  set title "By the number of variables that are read at random"
  set xlabel "variables"
  set format x "%.0f"
}
stats data nooutput
plot for [i=0:STATS_blocks-1] data index i using 1:($2*1e-9) with linespoints pointtype 7 pointsize 0.5 linewidth 2 title columnheader(1)
