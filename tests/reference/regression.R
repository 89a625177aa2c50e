# Reference values for meta-regression.
#
#   Rscript tests/reference/regression.R > tests/reference/regression.json
suppressMessages({library(metafor); library(metadat); library(jsonlite)})

bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
lehmann <- dat.lehmann2018
bangert <- subset(dat.bangertdrowns2004, !is.na(wic) & !is.na(feedback) & !is.na(length))
sets <- list(
  bcg = data.frame(yi = c(bcg$yi), vi = bcg$vi, ablat = bcg$ablat, year = bcg$year, alloc = bcg$alloc),
  bangertdrowns2004 = with(bangert, data.frame(yi = c(yi), vi = vi, length = length, wic = wic,
                                               feedback = feedback, grade = grade)),
  raudenbush1985 = with(dat.raudenbush1985, data.frame(yi = c(yi), vi = vi, weeks = weeks, setting = setting,
                                                       tester = tester)),
  konstantopoulos2011 = with(dat.konstantopoulos2011, data.frame(yi = c(yi), vi = vi, year = year)),
  crede2010 = {
    es <- escalc(measure = "ZCOR", ri = ri, ni = ni, data = dat.crede2010)
    data.frame(yi = c(es$yi), vi = es$vi, year = es$year, criterion = es$criterion)
  },
  molloy2014 = {
    es <- escalc(measure = "ZCOR", ri = ri, ni = ni, data = dat.molloy2014)
    data.frame(yi = c(es$yi), vi = es$vi, meanage = es$meanage, quality = es$quality)
  }
)
formulas <- list(
  list("bcg", "~ ablat"), list("bcg", "~ ablat + year"), list("bcg", "~ factor(alloc)"),
  list("bcg", "~ ablat + factor(alloc)"),
  list("bangertdrowns2004", "~ length + wic + feedback"), list("bangertdrowns2004", "~ factor(grade)"),
  list("raudenbush1985", "~ weeks"), list("raudenbush1985", "~ weeks + setting"),
  list("konstantopoulos2011", "~ year"),
  list("crede2010", "~ year + criterion"),
  list("molloy2014", "~ meanage + quality"),
  list("molloy2014", "~ 1")
)
tight <- list(threshold = 1e-15, maxiter = 20000, tol = 1e-15, REMLf = TRUE)

# The moment estimate again with the weights of the first one; metafor's own R2 needs a method that it knows.
two_steps <- function(formula, dat, test) {
  first <- rma(yi, vi, mods = as.formula(formula), data = dat, method = "DL")$tau2
  tau2 <- rma(yi, vi, mods = as.formula(formula), data = dat, method = "GENQ", weights = 1 / (vi + first))$tau2
  rma(yi, vi, mods = as.formula(formula), data = dat, method = "DL", tau2 = tau2, test = test)
}

one <- function(set, formula, method, test) {
  dat <- sets[[set]]
  fit <- if (method == "DL2") two_steps(formula, dat, test) else try(rma(yi, vi, mods = as.formula(formula), data = dat, method = method, test = test, control = tight),
             silent = TRUE)
  if (inherits(fit, "try-error"))
    fit <- rma(yi, vi, mods = as.formula(formula), data = dat, method = method, test = test,
               control = list(threshold = 1e-13, maxiter = 50000, stepadj = .5, tol = 1e-15))
  pred <- predict(fit)
  first <- function(x) if (length(x) > 1) x[1:3] else x
  profile <- if (method == "REML" && test == "knha") {
    ci <- try(confint(fit, control = list(tol = 1e-14, maxiter = 10000)), silent = TRUE)
    if (inherits(ci, "try-error")) NULL else unname(ci$random["tau^2", 2:3])
  }
  vifs <- if (fit$int.incl && fit$p > 2 && method == "REML") {  # by term, as the columns of a factor belong together
    assign <- attr(model.matrix(as.formula(formula), data = dat), "assign")
    unname(sapply(split(seq_along(assign), assign)[-1], function(j) vif(fit, btt = j)$vifs))
  }
  list(id = paste(set, formula, method, test), data = set, formula = formula, method = method, test = test,
       estimate = c(fit$beta), se = fit$se, statistic = fit$zval, p = fit$pval, ci_low = fit$ci.lb,
       ci_high = fit$ci.ub, tau2 = fit$tau2, tau2_se = if (method %in% c("REML", "ML")) fit$se.tau2,
       I2 = fit$I2, H2 = fit$H2, R2 = if (method != "DL2") fit$R2, QE = fit$QE, QE_p = fit$QEp, QM = if (fit$int.only) NULL else fit$QM,
       QM_p = if (fit$int.only) NULL else fit$QMp, log_likelihood = c(logLik(fit, REML = method != "ML" && method != "EE")),
       predict = list(estimate = first(pred$pred), se = first(pred$se), ci_low = first(pred$ci.lb),
                      pi_low = first(pred$pi.lb), pi_high = first(pred$pi.ub)),
       tau2_ci = profile, vif = vifs)
}
cases <- list()
for (f in formulas) for (method in c("REML", "ML", "DL", "PM", "EB", "HE", "HS", "SJ", "EE", "DL2"))
  for (test in c("z", "t", "knha", "adhoc")) {
    if (method == "EE" && test == "adhoc") next
    cases[[length(cases) + 1]] <- one(f[[1]], f[[2]], method, test)
  }

# Without an intercept rma.uni 3.8-1 takes the mean from the effects before it computes QE and tau2, which
# shifts both where no combination of columns is constant; rma.mv does not.
for (method in c("REML", "ML")) {
  fit <- rma.mv(yi, vi, mods = ~ ablat - 1, random = ~ 1 | id, data = cbind(sets$bcg, id = 1:13), method = method,
                control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15))
  cases[[length(cases) + 1]] <- list(
    id = paste("bcg ~ ablat - 1", method, "z"), data = "bcg", formula = "~ ablat - 1", method = method, test = "z",
    estimate = c(fit$beta), se = fit$se, p = fit$pval, tau2 = fit$sigma2, QE = fit$QE, QM = fit$QM,
    log_likelihood = c(logLik(fit)), optimised = TRUE)
}

# Exact permutation tests on few studies, and subgroups compared with separate and common tau2.
permuted <- list()
small <- subset(sets$bcg[c(1, 3, 5, 7, 9, 12), ])
for (test in c("z", "knha")) {  # DL: permutest drops an arrangement whose REML fit does not converge
  fit <- rma(yi, vi, mods = ~ ablat, data = small, method = "DL", test = test, control = tight)
  p <- permutest(fit, iter = 1000, progbar = FALSE)
  permuted[[length(permuted) + 1]] <- list(rows = c(1, 3, 5, 7, 9, 12), formula = "~ ablat", test = test, method = "DL",
                                           p = unname(p$pval), QM_p = p$QMp, n = 720)
}
fit <- rma(yi, vi, data = small, method = "DL", control = tight)
p <- permutest(fit, iter = 1000, progbar = FALSE)
permuted[[length(permuted) + 1]] <- list(rows = c(1, 3, 5, 7, 9, 12), formula = "~ 1", test = "z", method = "DL",
                                         p = unname(p$pval), QM_p = p$QMp, n = 64)
separate <- lapply(split(sets$bcg, sets$bcg$alloc), function(d) rma(yi, vi, data = d, control = tight))
between <- rma(sapply(separate, coef), sei = sapply(separate, function(f) f$se), mods = ~ factor(names(separate)),
               method = "FE")
common <- rma(yi, vi, mods = ~ factor(alloc), data = sets$bcg, control = tight)
cat(toJSON(list(
  source = paste0("metafor ", packageVersion("metafor"), " rma.uni and permutest, metadat ", packageVersion("metadat")),
  script = "regression.R", data = sets, cases = cases, permutation = permuted,
  subgroups = list(groups = names(separate), estimate = unname(sapply(separate, coef)),
                   se = unname(sapply(separate, function(f) f$se)), tau2 = unname(sapply(separate, function(f) f$tau2)),
                   Q_separate = between$QM, p_separate = between$QMp, Q_common = common$QM, p_common = common$QMp,
                   tau2_common = common$tau2)),
  digits = 16, auto_unbox = TRUE, dataframe = "columns", na = "null"))
