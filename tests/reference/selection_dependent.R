# Selection models with cluster-robust standard errors by metaselection.
source("bias_cases.R")
suppressMessages(library(metaselection))
cle <- function(d) { dat <- data.frame(yi=d$yi, sei=sqrt(d$vi), cl=d$cluster)
  go <- function(type, steps, est) tryv({ f <- selection_model(dat, yi=yi, sei=sei, cluster=cl, selection_type=type, steps=steps, estimator=est, vcov_type="robust"); e <- f$est; list(type=type, steps=steps, estimator=est, table=lapply(seq_len(nrow(e)), function(i) as.list(e[i,sapply(e, is.atomic)])), logLik=tryv(num(logLik(f)))) })
  c(d, list(fits=list(go("step",.025,"CML"), go("step",c(.025,.5),"CML"), go("step",.025,"ARGL"), go("step",c(.025,.5),"ARGL"), go("beta",c(.025,.975),"CML")))) }
write_ref("selection_dependent", lapply(clustered(), cle), "make_selection.R", "metaselection::selection_model with cluster-robust (sandwich) SE, CML and ARGL estimators (gamma = log tau2, zeta = log lambda). Pustejovsky, Citkowicz & Joshi (2025). The bootstrap is not recorded (random).", "metaselection")
