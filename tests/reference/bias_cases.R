# The data of the references on bias, and how their JSON is written; sourced by the scripts beside it, which write where they run.
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
