# All strata in one model by metafor: reads joint_strata.json (rows as the library has them), adds vcalc() and rma.mv().
#   python tests/reference/joint_strata.py && Rscript tests/reference/joint_strata.R
# Several starts, the highest likelihood kept: the optimiser stops at a lower peak from some.
suppressMessages({library(metafor); library(jsonlite)})
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
path <- file.path(folder, "joint_strata.json")
held <- fromJSON(path, simplifyVector = FALSE)
for (i in seq_along(held$cases)) {
  case <- held$cases[[i]]; o <- case$options
  d <- as.data.frame(lapply(case$rows, unlist), stringsAsFactors = FALSE)
  d$stratum <- factor(paste(d$outcome, d$follow_up, sep = ", "))
  between <- if (is.null(o$rho_outcomes)) o$rho else o$rho_outcomes
  d$obs <- seq_len(nrow(d))
  if (is.null(o$phi))
    V <- vcalc(vi, cluster = trial_id, type = outcome, obs = obs, rho = c(o$rho, between), data = d, checkpd = FALSE)
  else
    V <- vcalc(vi, cluster = trial_id, type = outcome, obs = obs, time1 = months_since_end, rho = c(o$rho, between),
      phi = o$phi, data = d, checkpd = FALSE)
  best <- NULL
  for (rho in c(0, 0.5, 0.9)) for (tau2 in c(0.05, 0.2)) {
    m <- nlevels(d$stratum)
    start <- if (o$struct == "CS") list(tau2.init = tau2, rho.init = rho)
      else list(tau2.init = rep(tau2, m), rho.init = rep(rho, m * (m - 1) / 2))
    fit <- try(rma.mv(yi, V, mods = ~ stratum - 1, random = ~ stratum | trial_id, struct = o$struct, method = o$method,
      data = d, control = c(start, list(optimizer = "nlminb", rel.tol = 1e-11, x.tol = 1e-10, iter.max = 5000, eval.max = 5000))), silent = TRUE)
    if (!inherits(fit, "try-error") && (is.null(best) || c(logLik(fit)) > c(logLik(best)))) best <- fit
  }
  held$cases[[i]]$fit <- list(strata = levels(d$stratum), b = c(best$beta), vb = unname(as.matrix(best$vb)),
    tau2 = best$tau2, rho = best$rho, logLik = c(logLik(best)), QE = best$QE, QM = best$QM, V_sum = sum(V))
}
held$source <- paste("metafor", packageVersion("metafor"), "on", R.version.string)
write(toJSON(held, auto_unbox = TRUE, digits = NA, pretty = 1), path)
