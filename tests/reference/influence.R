# Writes influence.json: metafor's influence(), leave1out() and cumul() on published data sets.
#
#   Rscript influence.R        (needs metafor, metadat and jsonlite; versions go into the file)
#
# Controls as in pool.R: metafor's defaults stop when tau2 moves by less than 1e-5. What
# metafor cannot fit is recorded as null.

suppressMessages({library(metafor); library(metadat); library(jsonlite)})

num <- function(x) unname(as.numeric(x))
control <- function(d) {
  scale <- max(var(num(d$yi)), mean(num(d$vi)))
  list(threshold = 1e-14 * scale, maxiter = 100000, tol = 1e-15 * scale, tau2.max = 1e4 * scale)
}

sets <- list(
  bcg_log_rr = escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg),
  normand1999_md = escalc("MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,
                          data = dat.normand1999),
  raudenbush1985_smd = dat.raudenbush1985,
  bangertdrowns2004_smd = dat.bangertdrowns2004,
  hart1999_log_irr = escalc("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.hart1999),
  molloy2014_zcor = escalc("ZCOR", ri = ri, ni = ni, data = dat.molloy2014),
  cohen1981_zcor = escalc("ZCOR", ri = ri, ni = ni, data = dat.cohen1981)
)
options <- list(c("REML", "knha"), c("REML", "z"), c("DL", "z"), c("EE", "z"), c("ML", "t"), c("PM", "adhoc"),
                c("SJ", "knha"))

fits <- function(x) list(estimate = num(x$estimate), se = num(x$se), ci = cbind(num(x$ci.lb), num(x$ci.ub)),
                         p = num(if (is.null(x$pval)) x$pvals else x$pval), Q = num(x$Q), Q_p = num(x$Qp),
                         tau2 = if (is.null(x$tau2)) rep(0, length(x$se)) else num(x$tau2), I2 = num(x$I2))

one <- function(name, method, test) {
  d <- data.frame(yi = num(sets[[name]]$yi), vi = num(sets[[name]]$vi))
  r <- rma(yi, vi, data = d, method = method, test = test, control = control(d))
  i <- influence(r)
  list(set = name, method = method, test = test,
       influence = list(rstudent = num(i$inf$rstudent), dffits = num(i$inf$dffits), cook_d = num(i$inf$cook.d),
                        cov_r = num(i$inf$cov.r), tau2_del = num(i$inf$tau2.del), Q_del = num(i$inf$QE.del),
                        hat = num(i$inf$hat), weight = num(i$inf$weight), dfbetas = num(i$dfbs$intrcpt),
                        influential = unname(i$is.infl)),
       leave_one_out = fits(leave1out(r)), cumulative = fits(cumul(r)),
       cumulative_by_variance = fits(cumul(r, order = d$vi)))
}

cases <- list()
for (name in names(sets)) for (o in if (nrow(sets[[name]]) > 30) options[1:2] else options) cases[[length(cases) + 1]] <- one(name, o[1], o[2])
version <- function(p) as.character(packageVersion(p))
out <- list(source = paste("metafor", version("metafor")),
            versions = list(R = as.character(getRversion()), metafor = version("metafor"), metadat = version("metadat")),
            sets = lapply(sets, function(d) list(yi = num(d$yi), vi = num(d$vi))), cases = cases)
write_json(out, "influence.json", digits = I(15), auto_unbox = TRUE, na = "null", pretty = FALSE)
