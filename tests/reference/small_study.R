# Egger's regression and trim-and-fill by metafor, to 17 significant digits: Rscript small_study.R > small_study.json
suppressMessages({library(metafor); library(metadat); library(jsonlite)})
sets <- list(
  bcg = escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg),
  hackshaw1998 = data.frame(yi = dat.hackshaw1998$yi, vi = dat.hackshaw1998$vi),
  egger2001 = escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.egger2001),
  normand1999 = escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999),
  raudenbush1985 = data.frame(yi = dat.raudenbush1985$yi, vi = dat.raudenbush1985$vi))
cases <- list()
for (id in names(sets)) {
  d <- sets[[id]]; yi <- as.numeric(d$yi); vi <- as.numeric(d$vi)
  e <- regtest(yi, vi, model = "lm", predictor = "sei")
  s <- summary(e$fit)$coefficients
  fills <- list()
  for (method in c("REML", "DL", "EE")) for (estimator in c("L0", "R0")) for (side in c("left", "right")) {
    f <- trimfill(rma(yi, vi, method = method, control = list(threshold = 1e-13, maxiter = 10000)), estimator = estimator, side = side)
    fills[[length(fills) + 1]] <- list(method = method, estimator = estimator, side = side, k0 = f$k0, estimate = c(f$beta),
      se = f$se, ci = c(f$ci.lb, f$ci.ub), tau2 = f$tau2, yi = sort(as.numeric(f$yi)[f$fill]))
  }
  cases[[length(cases) + 1]] <- list(id = id, yi = yi, vi = vi, regression = list(limit = s[1, 1], limit_se = s[1, 2],
    slope = s[2, 1], slope_se = s[2, 2], statistic = e$zval, df = e$dfs, p = e$pval), fills = fills)
}
cat(toJSON(list(source = "metafor", version = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")),
  R = R.version.string, cases = cases), digits = I(17), auto_unbox = TRUE, pretty = 1))
