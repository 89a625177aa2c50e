# Writes pool.json: what metafor makes of published data sets, every method with every test.
#
#   Rscript pool.R        (needs metafor, metadat and jsonlite; versions go into the file)
#
# metafor's defaults stop when tau2 moves by less than 1e-5; the controls below let it converge
# as far as doubles allow. What metafor cannot fit is recorded as null.

suppressMessages({library(metafor); library(metadat); library(jsonlite)})

num <- function(x) unname(as.numeric(x))
# threshold and tol are absolute, so they follow the scale of each data set
control <- function(d) {
  scale <- max(var(num(d$yi)), mean(num(d$vi)))
  list(threshold = 1e-14 * scale, maxiter = 100000, tol = 1e-15 * scale, tau2.max = 1e4 * scale)
}

sets <- list(
  bcg_log_rr = escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg),
  bcg_first_five_log_or = escalc("OR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg[1:5, ]),
  normand1999_smd = escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,
                           data = dat.normand1999),
  normand1999_md = escalc("MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,
                          data = dat.normand1999),
  raudenbush1985_smd = dat.raudenbush1985,
  bangertdrowns2004_smd = dat.bangertdrowns2004,
  li2007_log_or = escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.li2007),
  egger2001_log_or = escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.egger2001),
  hackshaw1998_log_or = dat.hackshaw1998,
  nielweise2007_log_or = escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.nielweise2007),
  linde2005_log_rr = escalc("RR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.linde2005),
  hine1989_rd = escalc("RD", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.hine1989),
  hart1999_log_irr = escalc("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.hart1999),
  molloy2014_zcor = escalc("ZCOR", ri = ri, ni = ni, data = dat.molloy2014),
  cohen1981_zcor = escalc("ZCOR", ri = ri, ni = ni, data = dat.cohen1981),
  mcdaniel1994_zcor = escalc("ZCOR", ri = ri, ni = ni, data = dat.mcdaniel1994),
  curtis1998_rom = escalc("ROM", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,
                          data = dat.curtis1998),
  pritz1997_logit = escalc("PLO", xi = xi, ni = ni, data = dat.pritz1997),
  identical = data.frame(yi = rep(0.25, 4), vi = c(0.1, 0.2, 0.3, 0.4))
)
methods <- c("EE", "DL", "REML", "PM", "ML", "EB", "HE", "HS", "SJ", "DL2")
tests <- c("z", "t", "knha", "adhoc")

fit_one <- function(d, method, test) {
  yi <- num(d$yi)
  vi <- num(d$vi)
  if (method == "DL2") {  # the generalised moment estimate with the weights of the first step
    a <- 1 / (vi + rma(yi, vi, method = "DL")$tau2)
    tau2 <- rma(yi, vi, method = "GENQ", weights = a)
    r <- rma(yi, vi, method = "DL", tau2 = tau2$tau2, test = test)
    r$se.tau2 <- tau2$se.tau2
    return(r)
  }
  rma(yi, vi, method = method, test = test, control = control(d))
}

for_test <- function(d, method, test) {
  r <- tryCatch(suppressWarnings(fit_one(d, method, test)), error = function(e) NULL)
  if (is.null(r)) return(NULL)
  p <- suppressWarnings(predict(r))
  pi <- if (method == "EE") NULL else num(c(p$pi.lb, p$pi.ub))
  list(se = num(r$se), statistic = num(r$zval), p = num(r$pval), ci = num(c(r$ci.lb, r$ci.ub)), pi = pi)
}

bounds <- function(r, d, ...) {
  con <- control(d)[c("tol", "maxiter", "tau2.max")]
  x <- tryCatch(suppressWarnings(confint(r, control = con, ...)$random), error = function(e) NULL)
  if (is.null(x)) NULL else list(tau2 = num(x[1, 2:3]), I2 = num(x[3, 2:3]), H2 = num(x[4, 2:3]))
}

for_method <- function(d, method) {
  r <- tryCatch(suppressWarnings(fit_one(d, method, "z")), error = function(e) NULL)
  if (is.null(r)) return(NULL)
  out <- list(estimate = num(r$beta), tau2 = num(r$tau2), tau2_se = num(r$se.tau2), I2 = num(r$I2), H2 = num(r$H2),
              Q = num(r$QE), Q_p = num(r$QEp), log_likelihood = num(logLik(r, REML = !method %in% c("EE", "ML"))))
  if (method == "REML") {
    out$weights <- num(weights(r))
    out$q_profile <- bounds(r, d)
  }
  if (method == "DL") {
    h <- tryCatch(hc(r, control = list(tol = 1e-15, maxiter = 100000)), error = function(e) NULL)
    out$henmi_copas <- if (is.null(h)) NULL else list(estimate = num(h$beta), ci = num(c(h$ci.lb, h$ci.ub)))
  }
  if (method %in% c("REML", "ML")) out$profile_likelihood <- bounds(r, d, type = "PL")
  out$tests <- setNames(lapply(tests, function(test) for_test(d, method, test)), tests)
  out
}

for_set <- function(id) {
  d <- sets[[id]]
  d <- d[!is.na(d$yi) & !is.na(d$vi), ]
  # Rounded before fitting, so that the file holds exactly what was fitted
  d <- data.frame(yi = signif(num(d$yi), 12), vi = signif(num(d$vi), 12))
  list(id = id, yi = num(d$yi), vi = num(d$vi),
       methods = setNames(lapply(methods, function(method) for_method(d, method)), methods))
}

out <- list(source = "metafor", version = as.character(packageVersion("metafor")),
            metadat = as.character(packageVersion("metadat")), R = as.character(getRversion()),
            cases = lapply(names(sets), for_set))
# 15 digits are what jsonlite writes of a double
writeLines(toJSON(out, digits = I(15), auto_unbox = TRUE, na = "null", null = "null"), "pool.json")
