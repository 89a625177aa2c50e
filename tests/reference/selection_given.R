# Step-function selection models with the weights given in advance, by metafor; reads the effects of selection.json.
suppressMessages({library(metafor); library(jsonlite)})
num <- function(x) unname(as.numeric(x))
steps <- c(.005, .01, .05, .10, .25, .35, .50, .65, .75, .90, .95, .99, .995)
given <- list(moderate=c(1, .99, .95, .80, .75, .65, .60, .55, .50, .50, .50, .50, .50, .50),
              severe=c(1, .99, .90, .75, .60, .50, .40, .35, .30, .25, .10, .10, .10, .10))
one <- function(d) { yi <- num(d$yi); vi <- num(d$vi); r0 <- rma(yi, vi, method="ML", control=list(threshold=1e-13, maxiter=5000))
  fits <- lapply(given, function(w) { go <- function(o, ctl) try(suppressWarnings(selmodel(r0, type="stepfun", alternative="greater", steps=c(steps, 1), delta=w, skiphes=TRUE, control=c(list(optimizer=o), ctl))), silent=TRUE)
    f <- Filter(function(f) inherits(f, "rma"), list(go("nlminb", list(rel.tol=1e-12)), go("Nelder-Mead", list(reltol=1e-15, maxit=3000)))); ll <- sapply(f, function(x) as.numeric(logLik(x))); f <- f[[which.max(ll)]]
    list(b=num(f$beta), tau2=f$tau2, logLik=max(ll)) })
  c(list(id=d$id), fits) }
cases <- lapply(read_json("selection.json", simplifyVector=FALSE)$cases, one)
source <- list(script="selection_given.R", R=paste0(R.version$major, ".", R.version$minor), metafor=as.character(packageVersion("metafor")), note="selmodel(type='stepfun', delta=), the one-tailed weights of table 1 of Vevea & Woods 2005 as metafor's documentation prints them; better of nlminb and Nelder-Mead: log-likelihood to 1e-7, estimates to 1e-4.")
writeLines(toJSON(list(source=source, cases=cases), auto_unbox=TRUE, digits=NA), "selection_given.json")
