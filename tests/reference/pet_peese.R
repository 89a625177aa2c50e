# PET, PEESE, UWLS and WAAP-WLS by lm and metafor; the same of effects in clusters with clubSandwich. Writes pet_peese.json and
# pet_peese_che.json where it runs.
LIB <- Sys.getenv("R_LIBS_USER", ""); .libPaths(c(LIB, .libPaths()))
suppressMessages({library(metadat); library(metafor); library(clubSandwich); library(jsonlite)})
OUT <- "."
ver <- function(...) { p <- c("metafor","metadat","clubSandwich",...)
  as.list(setNames(vapply(p, function(x) as.character(packageVersion(x)), ""), p)) }
write_ref <- function(name, cases, script, note, pkgs=character(), extra=list()) {
  src <- c(list(script=script, R=paste0(R.version$major,".",R.version$minor), packages=ver(pkgs), note=note), extra)
  f <- file.path(OUT, paste0(name, ".json"))
  writeLines(toJSON(list(source=src, cases=cases), auto_unbox=TRUE, digits=NA, na="null", null="null", pretty=1), f)
  cat(sprintf("%-22s %d cases, %d bytes\n", name, length(cases), file.size(f)))
}
tryv <- function(expr) tryCatch(suppressWarnings(expr), error=function(e) list(error=conditionMessage(e)))
num <- function(x) unname(as.numeric(x))
ind <- function(id, yi, vi, ni=NULL, x=NULL, note="") { ok <- !is.na(yi) & !is.na(vi); list(id=id, yi=num(yi[ok]), vi=num(vi[ok]), n1=if(!is.null(ni)) num(ni[ok,1]), n2=if(!is.null(ni)) num(ni[ok,2]), x=if(!is.null(x)) num(x[ok]), note=note) }
gen <- function(id, seed, k, mu, tau, sel=NULL, nlo=10, nhi=120) {   # sel: probability that a result not significant (one-sided .025) is published
  set.seed(seed, kind="Mersenne-Twister", normal.kind="Inversion", sample.kind="Rejection")
  yi <- vi <- x <- numeric(0); n1 <- n2 <- numeric(0)
  while (length(yi) < k) { a <- sample(nlo:nhi,1); b <- sample(nlo:nhi,1); xx <- round(runif(1,0,10),2); th <- rnorm(1,mu,tau); v <- 1/a+1/b+th^2/(2*(a+b)); y <- rnorm(1,th,sqrt(v)); u <- runif(1)
    if (is.null(sel) || y/sqrt(v) > qnorm(.975) || u < sel) { yi <- c(yi,y); vi <- c(vi,v); n1 <- c(n1,a); n2 <- c(n2,b); x <- c(x,xx) } }
  list(id=id, yi=yi, vi=vi, n1=n1, n2=n2, x=x, note=sprintf("simulated: seed %d, k %d, mu %g, tau %g, selection %s", seed,k,mu,tau,if(is.null(sel)) "none" else sel)) }
indep <- function() {
  d1 <- dat.raudenbush1985; d2 <- dat.bangertdrowns2004; d3 <- dat.hackshaw1998; d4 <- escalc("RR",ai=tpos,bi=tneg,ci=cpos,di=cneg,data=dat.bcg)
  list(ind("raudenbush1985",d1$yi,d1$vi,cbind(d1$n1i,d1$n2i),d1$weeks), ind("bangertdrowns2004",d2$yi,d2$vi,x=d2$length), ind("hackshaw1998",d3$yi,d3$vi,x=d3$year), ind("bcg_turned",-d4$yi,d4$vi,x=d4$ablat,note="log RR, sign turned so that positive favours the vaccine"),
       gen("sim_a",20261,14,.30,.15,.4), gen("sim_b",20262,33,.25,.30,.3), gen("sim_c",20263,60,.10,.20,.25))
}
gencl <- function(id, seed, J, mu, tau, omega, rho=.6, sel=NULL) {
  set.seed(seed, kind="Mersenne-Twister", normal.kind="Inversion", sample.kind="Rejection"); yi<-vi<-cl<-x<-NULL
  for (j in 1:J) { m <- sample(1:5,1); n <- sample(12:90,1); v0 <- 2/n; th <- rnorm(1,mu,tau); e <- sqrt(v0)*(sqrt(rho)*rnorm(1)+sqrt(1-rho)*rnorm(m)); w <- rnorm(m,0,omega); yy <- th+w+e; vv <- 2/n+yy^2/(4*n); u <- runif(m); keep <- if(is.null(sel)) rep(TRUE,m) else (yy/sqrt(vv)>qnorm(.975) | u<sel)
    if (any(keep)) { yi <- c(yi,yy[keep]); vi <- c(vi,vv[keep]); cl <- c(cl,rep(j,sum(keep))); x <- c(x,rep(round(runif(1,0,10),2),sum(keep))) } }
  list(id=id, yi=yi, vi=vi, cluster=cl, x=x, note=sprintf("simulated: seed %d, J %d, mu %g, tau %g, omega %g, selection %s",seed,J,mu,tau,omega,if(is.null(sel)) "none" else sel)) }
cl <- function(id, yi, vi, cluster, x=NULL) { ok <- !is.na(yi)&!is.na(vi); o <- order(match(cluster[ok],unique(cluster[ok]))); list(id=id, yi=num(yi[ok])[o], vi=num(vi[ok])[o], cluster=as.integer(factor(cluster[ok],levels=unique(cluster[ok])))[o], x=if(!is.null(x)) num(x[ok])[o]) }
clustered <- function() { a <- dat.konstantopoulos2011; b <- dat.assink2016
  list(cl("konstantopoulos2011",a$yi,a$vi,a$district,a$year), cl("assink2016",b$yi,b$vi,b$study,b$year), gencl("simcl_a",31001,24,.3,.2,.15,sel=.4), gencl("simcl_b",31002,40,.15,.25,.1,sel=.3))
}
coefs <- function(m) list(b=num(coef(m)), se=num(m$se), stat=num(m$zval), p=num(m$pval), ci_lb=num(m$ci.lb), ci_ub=num(m$ci.ub), df=num(if(!is.null(m$ddf)) m$ddf else NA))
tight <- list(threshold=1e-13, maxiter=5000, tol=1e-15)
fit_best <- function(...) { a <- list(...); ctl <- list(nlminb=list(optimizer="nlminb", rel.tol=1e-12), nm=list(optimizer="optim", optmethod="Nelder-Mead", reltol=1e-14, maxit=3000))
  fits <- Filter(function(f) inherits(f,"rma"), lapply(ctl, function(k) tryv(do.call(rma.mv, c(a, list(control=k)))))); if (!length(fits)) fits <- Filter(function(f) inherits(f,"rma"), list(bfgs=tryv(do.call(rma.mv, c(a, list(control=list(optimizer="optim", optmethod="BFGS", reltol=1e-14, maxit=500))))))); if (!length(fits)) stop("no optimizer converged")
  ll <- sapply(fits, function(f) as.numeric(logLik(f))); m <- fits[[which.max(ll)]]; near <- fits[ll > max(ll)-1e-7]
  attr(m,"spread") <- list(optimizer=names(fits)[which.max(ll)], n_agreeing=length(near), spread_b=if(length(near)>1) max(abs(coef(near[[1]])-coef(near[[2]]))) else NULL, spread_sigma2=if(length(near)>1) max(abs(c(near[[1]]$sigma2,near[[1]]$tau2)-c(near[[2]]$sigma2,near[[2]]$tau2))) else NULL); m }
one <- function(d) { yi <- d$yi; vi <- d$vi; sei <- sqrt(vi)
  wls <- function(X) { m <- lm(yi ~ X, weights=1/vi); s <- summary(m)$coefficients; ci <- confint(m); list(b=num(s[,1]), se=num(s[,2]), t=num(s[,3]), p=num(s[,4]), df=m$df.residual, ci_lb=num(ci[,1]), ci_ub=num(ci[,2]), phi=summary(m)$sigma^2) }
  u <- lm(yi ~ 1, weights=1/vi); us <- summary(u)$coefficients; uci <- confint(u)
  pet <- wls(sei); pee <- wls(vi)
  re <- function(mod) lapply(list(z="z",knha="knha",t="t"), function(te) { m <- rma(yi, vi, mods=~mod, method="REML", test=te, control=tight); c(coefs(m), tau2=m$tau2) })
  pow <- sei <= abs(coef(u))/2.8
  waap <- if (sum(pow)>=2) { w <- lm(yi[pow]~1, weights=1/vi[pow]); s <- summary(w)$coefficients; list(k=sum(pow), b=num(s[1]), se=num(s[2]), df=w$df.residual, ci=num(confint(w))) } else list(k=sum(pow), b=NULL)
  p1 <- pt(pet$t[1], pet$df, lower.tail=FALSE)
  out <- list(pet_wls=pet, peese_wls=pee, pet_reml=tryv(re(sei)), peese_reml=tryv(re(vi)), uwls=list(b=num(us[1]),se=num(us[2]),df=u$df.residual,p=num(us[4]),ci=num(uci)), waap_wls=waap,
    pet_peese=list(p_one_sided_positive=p1, chosen_one_sided_05=if (p1<.05) "peese" else "pet", chosen_two_sided_05=if (pet$p[1]<.05) "peese" else "pet"))
  if (!is.null(d$n1)) { w <- sqrt(1/d$n1+1/d$n2); out$pet_wls_modified_se <- wls(w); out$pet_reml_modified_se <- tryv(re(w)); out$modified_se <- w }
  c(d[c("id","note","yi","vi","n1","n2")], out) }
write_ref("pet_peese", lapply(indep(), one), "pet_peese.R", "PET = intercept of yi on sqrt(vi), PEESE = intercept of yi on vi; *_wls: lm(weights=1/vi), t with k-2 df (Stanley & Doucouliagos 2014, 10.1002/jrsm.1095); *_reml: rma(method=REML) with test z, knha, t; modified se sqrt(1/n1+1/n2) (Pustejovsky & Rodgers 2019, 10.1002/jrsm.1332); uwls, waap_wls (se <= |UWLS|/2.8; Stanley, Doucouliagos & Ioannidis 2017, 10.1002/sim.7228). rma control threshold 1e-13.")
cle <- function(d) { dat <- data.frame(yi=d$yi, vi=d$vi, cluster=d$cluster, es=seq_along(d$yi)); dat$sei <- sqrt(dat$vi)
  fit <- function(f, rho) { V <- vcalc(vi, cluster=cluster, obs=es, rho=rho, data=dat)
    m <- fit_best(f, V, random=~1|cluster/es, data=dat, method="REML", test="t", dfs="contain")
    r <- robust(m, cluster=cluster, clubSandwich=TRUE)
    list(rho=rho, sigma2=num(m$sigma2), logLik=num(logLik(m)), reference_precision=attr(m,"spread"), b=num(coef(m)), se_model=num(m$se), robust_se=num(r$se), robust_df=num(r$dfs), robust_t=num(r$zval), robust_p=num(r$pval), robust_lb=num(r$ci.lb), robust_ub=num(r$ci.ub)) }
  c(d, list(che_pet=lapply(c(0,.6), function(r) tryv(fit(yi~sei, r))), che_peese=lapply(c(0,.6), function(r) tryv(fit(yi~vi, r))))) }
write_ref("pet_peese_che", lapply(clustered(), cle), "pet_peese.R", "rma.mv(random = ~1|cluster/es, V = vcalc(rho)) + robust(clubSandwich=TRUE) (CR2, Satterthwaite); sigma2 = (between clusters, within). rho=0 is the three-level model. reference_precision: agreement of nlminb and Nelder-Mead within 1e-7 log-likelihood = the precision of the reference itself (Rodgers & Pustejovsky 2021, 10.1037/met0000300).")
