# Seconds of metafor's calls, as one line of JSON: Rscript metafor.R FOLDER STUDIES SUBSETS
# FOLDER holds yi.csv and vi.csv, one meta-analysis a row; GOSH takes some studies of the first.

suppressMessages(library(metafor))
given <- commandArgs(trailingOnly = TRUE)
Y <- as.matrix(read.csv(file.path(given[1], "yi.csv"), header = FALSE))
V <- as.matrix(read.csv(file.path(given[1], "vi.csv"), header = FALSE))
studies <- seq_len(as.integer(given[2]))
subsets <- as.integer(given[3])
yi <- Y[1, ]
vi <- V[1, ]

clock <- function(call) {
  start <- Sys.time()
  call()
  as.numeric(difftime(Sys.time(), start, units = "secs"))
}
# Least seconds of `times` repeats of a call, after a warm-up.
best <- function(call, times) {
  call()
  min(replicate(times, clock(call)))
}

fit <- function(i = 1) rma(Y[i, ], V[i, ], method = "REML", test = "knha")
full <- function() {
  r <- fit()
  confint(r)
  predict(r)
}
r <- fit()
small <- rma(yi[studies], vi[studies], method = "REML")
draw <- function() {
  pdf(tempfile(fileext = ".pdf"), width = 8, height = 10)
  forest(r)
  dev.off()
}
# Without the Hessian, and so without standard errors: numDeriv is not everywhere.
ml <- rma(yi, vi, method = "ML")
selection <- function(type, ...) selmodel(ml, type = type, alternative = "greater", skiphes = TRUE, ...)
# Of a loop the best time of each fit counts, so that a busy moment does not.
in_loop <- mean(sapply(seq_len(nrow(Y)), function(i) best(function() fit(i), 15)))
seconds <- c(single = best(fit, 200), full = best(full, 100), fit_in_loop = in_loop,
             subset = best(function() gosh(small, subsets = subsets, progbar = FALSE), 10) / subsets,
             figure = best(draw, 50), selection = best(function() selection("stepfun", steps = 0.025), 5),
             beta = clock(function() selection("beta")))
cat(sprintf("{%s}\n", paste(sprintf('"%s": %.9g', names(seconds), seconds), collapse = ", ")))
