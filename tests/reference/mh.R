# Writes mh.json: rma.mh and rma.peto of metafor on small sets of 2 x 2 tables.
# Run from this folder: Rscript mh.R
suppressMessages({library(metafor); library(jsonlite)})

# drop00 twice: a table without events, or with nothing else, is left out of the study effects and of the pool.
sets <- list(
  plain = data.frame(ai = c(49, 44, 102, 32), n1i = c(615, 758, 832, 317),
                     ci = c(67, 64, 126, 38), n2i = c(624, 771, 850, 309)),
  sparse = data.frame(ai = c(0, 3, 1, 5, 2), n1i = c(20, 31, 12, 40, 15),
                      ci = c(2, 0, 4, 7, 2), n2i = c(19, 30, 14, 38, 16)),
  double_zero = data.frame(ai = c(0, 4, 6), n1i = c(22, 41, 33), ci = c(0, 9, 5), n2i = c(21, 40, 36)),
  one = data.frame(ai = 14, n1i = 51, ci = 12, n2i = 50))

take <- function(fit) list(k = fit$k, estimate = as.numeric(fit$beta), se = fit$se, statistic = fit$zval,
  p = fit$pval, ci = c(fit$ci.lb, fit$ci.ub), Q = fit$QE, Q_p = fit$QEp, I2 = fit$I2,
  weights = as.numeric(weights(fit)))

cases <- list()
for (name in names(sets)) {
  d <- sets[[name]]
  for (measure in c("OR", "RR", "RD")) for (zero in c("none", "only-zero")) {
    fit <- rma.mh(measure = measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, correct = FALSE,
                  add = c(1/2, if (zero == "none") 0 else 1/2), to = c("only0", if (zero == "none") "none" else "only0"),
                  drop00 = rep(measure != "RD", 2))
    cases[[length(cases) + 1]] <- c(list(set = name, method = "MH", measure = measure, zero_cells = zero), take(fit))
  }
  fit <- rma.peto(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, drop00 = c(TRUE, TRUE))
  cases[[length(cases) + 1]] <- c(list(set = name, method = "Peto", measure = "OR", zero_cells = "none"), take(fit))
}
write_json(list(source = paste("metafor", packageVersion("metafor"), R.version.string), sets = sets, cases = cases),
           "mh.json", digits = 15, auto_unbox = TRUE, dataframe = "columns", pretty = TRUE, na = "null")
