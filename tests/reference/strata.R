# Pools of the bundled trials by metafor: reads strata.json (effects as the library gives them), adds what rma() finds.
#   python tests/reference/strata.py && Rscript tests/reference/strata.R
suppressMessages({library(metafor); library(jsonlite)})
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
path <- file.path(folder, "strata.json")
held <- fromJSON(path, simplifyVector = FALSE)
tight <- list(threshold = 1e-13, maxiter = 10000, tol = 1e-13)
for (i in seq_along(held$cases)) {
  case <- held$cases[[i]]
  yi <- unlist(case$yi); vi <- unlist(case$vi)
  for (method in c("REML", "DL", "PM", "EE")) for (test in c("z", "knha")) {
    fit <- rma(yi, vi, method = method, test = test, control = tight)
    held$cases[[i]]$fits[[paste(method, test)]] <- list(estimate = c(fit$beta), se = fit$se, ci = c(fit$ci.lb, fit$ci.ub),
      p = fit$pval, tau2 = fit$tau2, I2 = fit$I2, H2 = fit$H2, Q = fit$QE, Q_p = fit$QEp)
  }
}
held$source <- paste("metafor", packageVersion("metafor"), "on", R.version.string)
write(toJSON(held, auto_unbox = TRUE, digits = NA, pretty = 1), path)
