# Seconds of metafor's calls, as one line of JSON: Rscript metafor.R FOLDER STUDIES_OF_GOSH
# FOLDER holds yi.csv and vi.csv, one meta-analysis a row.

suppressMessages(library(metafor))
given <- commandArgs(trailingOnly = TRUE)
Y <- as.matrix(read.csv(file.path(given[1], "yi.csv"), header = FALSE))
V <- as.matrix(read.csv(file.path(given[1], "vi.csv"), header = FALSE))
k <- as.integer(given[2])
yi <- Y[1, ]
vi <- V[1, ]

# Least seconds of `times` repeats of a call, after a warm-up.
best <- function(call, times = 5) {
  call()
  min(sapply(seq_len(times), function(i) system.time(call(), gcFirst = FALSE)[["elapsed"]]))
}
each <- function(call, n, times = 5) best(function() for (i in seq_len(n)) call(), times) / n

fit <- function() rma(yi, vi, method = "REML", test = "knha")
full <- function() {
  r <- fit()
  confint(r)
  predict(r)
}
loop <- function() for (i in seq_len(nrow(Y))) rma(Y[i, ], V[i, ], method = "REML", test = "knha")
r <- fit()
small <- rma(yi[seq_len(k)], vi[seq_len(k)], method = "REML")
draw <- function() {
  pdf(tempfile(fileext = ".pdf"), width = 8, height = 10)
  forest(r)
  dev.off()
}
subsets <- 500
seconds <- c(single = each(fit, 50), full = each(full, 50), fit_in_loop = best(loop, 3) / nrow(Y),
             subset = best(function() gosh(small, subsets = subsets, progbar = FALSE), 3) / subsets,
             figure = each(draw, 5))
cat(sprintf("{%s}\n", paste(sprintf('"%s": %.9g', names(seconds), seconds), collapse = ", ")))
