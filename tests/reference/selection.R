# Step-function selection models by metafor, the better of two optimisers.
source("bias_cases.R")
sel1 <- function(d, type, steps=NULL, mods=FALSE) { yi<-d$yi; vi<-d$vi
  r0 <- rma(yi, vi, method="ML", control=list(tau2.init=NULL, threshold=1e-13, maxiter=5000))
  go <- function(opt, ctl) do.call(selmodel, c(list(r0, type=type, alternative="greater", control=c(list(optimizer=opt), ctl)), if(!is.null(steps)) list(steps=steps)))
  fits <- list(nm=tryv(go("Nelder-Mead", list(reltol=1e-15, maxit=3000))), nlminb=tryv(go("nlminb", list(rel.tol=1e-10))))
  ok <- Filter(function(f) inherits(f,"rma"), fits); if (!length(ok)) return(list(type=type, steps=steps, error=fits$nm$error))
  ll <- sapply(ok, function(f) as.numeric(logLik(f))); f <- ok[[which.max(ll)]]; b <- sapply(ok, function(g) as.numeric(coef(g)$beta)); 
  near <- ll > max(ll)-1e-6
  list(type=type, steps=steps, optimizer=names(ok)[which.max(ll)], logLik=max(ll), logLik_by_optimizer=as.list(ll), b_by_optimizer=as.list(b), spread_b_among_best=diff(range(b[near])), b=num(f$beta), se=num(f$se), z=num(f$zval), p=num(f$pval), ci=c(num(f$ci.lb),num(f$ci.ub)), tau2=f$tau2, se_tau2=num(f$se.tau2), delta=num(f$delta), se_delta=num(f$se.delta), p_delta=num(f$pval.delta), ci_delta_lb=num(f$ci.lb.delta), ci_delta_ub=num(f$ci.ub.delta), LRT=num(f$LRT), LRTdf=num(f$LRTdf), LRTp=num(f$LRTp), LRT_tau2=num(f$LRT.tau2), LRTp_tau2=num(f$LRTp.tau2), counts_by_interval=if(type=="stepfun") num(f$ptable$k) else NULL, unadjusted_ml=list(b=num(r0$beta), tau2=r0$tau2, logLik=num(logLik(r0)))) }
specs <- list(list("stepfun",.025), list("stepfun",c(.025,.5)))
one <- function(d) { cat(d$id, "\n"); c(d[c("id","note","yi","vi")], list(fits=lapply(specs, function(s) sel1(d, s[[1]], s[[2]])))) }
CASES <- list(); for (d in indep()) { CASES <- c(CASES, list(one(d))) }
write_ref("selection", CASES, "make_selection.R", "metafor::selmodel on an ML fit, alternative='greater' (steps are one-sided p-values, delta relative to the first interval = 1). Best of Nelder-Mead and nlminb at tight tolerance; spread_b_among_best = how well the reference is determined. A ridge (likelihood without an interior maximum) shows as differing b_by_optimizer or huge se_delta: compare logLik first. 3PSM: Vevea & Hedges 1995 10.1007/BF02294384; beta: Citkowicz & Vevea 2017 10.1037/met0000119.")
