# One value per cluster by metafor's aggregate.escalc(), and the covariance of effects that share an arm written
# out pair by pair (Gleser and Olkin), to 17 significant digits: Rscript aggregate.R > aggregate.json
suppressMessages({library(metafor); library(metadat); library(jsonlite)})
cases <- list()
keep <- function(id, d, cluster, ..., V = NULL, settings) {
  d <- d[!is.na(d$yi) & !is.na(d$vi), ]
  d$cl <- as.character(d[[cluster]])
  x <- escalc(measure = "GEN", yi = as.numeric(d$yi), vi = as.numeric(d$vi), data = data.frame(cl = d$cl))
  a <- if (is.null(V)) aggregate(x, cluster = cl, struct = "CS", ...) else aggregate(x, cluster = cl, V = V, ...)
  cases[[length(cases) + 1]] <<- list(id = id, settings = settings, yi = as.numeric(x$yi), vi = as.numeric(x$vi), cluster = d$cl,
    clusters = as.character(a$cl), agg_yi = as.numeric(a$yi), agg_vi = as.numeric(a$vi))
}
sets <- list(assink2016 = list(dat.assink2016, "study"), konstantopoulos2011 = list(dat.konstantopoulos2011, "district"),
  bornmann2007 = list(escalc("OR", ai = waward, n1i = wtotal, ci = maward, n2i = mtotal, data = dat.bornmann2007), "study"),
  berkey1998 = list(dat.berkey1998, "trial"), knapp2017 = list(dat.knapp2017, "study"))
for (id in names(sets)) for (rho in c(0, 0.3, 0.6, 0.9)) for (weighted in c(TRUE, FALSE)) {
  keep(id, sets[[id]][[1]], sets[[id]][[2]], rho = rho, weighted = weighted, settings = list(rho = rho, weighted = weighted))
}
# Several comparisons of one trial with a shared control: SMDs. Data of dat.senn2013 are arm means of many trials;
# each trial's first arm is taken as the shared control of its others.
senn <- dat.senn2013; rows <- NULL
for (s in unique(senn$study)) { a <- senn[senn$study == s, ]; if (nrow(a) > 1) for (j in 2:nrow(a))
  rows <- rbind(rows, data.frame(trial_id = s, arm_t = a$treatment[j], arm_c = a$treatment[1], mean_t = a$mi[j], sd_t = a$sdi[j],
    n_t = a$ni[j], mean_c = a$mi[1], sd_c = a$sdi[1], n_c = a$ni[1])) }
d <- escalc("SMD", m1i = mean_t, sd1i = sd_t, n1i = n_t, m2i = mean_c, sd2i = sd_c, n2i = n_c, data = rows)
pairwise <- function(d, cov) { V <- diag(as.numeric(d$vi)); for (i in 1:nrow(d)) for (j in 1:nrow(d))
  if (i != j && d$trial_id[i] == d$trial_id[j]) V[i, j] <- cov(i, j); V }
V <- pairwise(d, function(i, j) 1 / d$n_c[i] + d$yi[i] * d$yi[j] / (2 * (d$n_t[i] + d$n_t[j] + d$n_c[i])))
shared <- list()
a <- aggregate(escalc(measure = "GEN", yi = as.numeric(d$yi), vi = as.numeric(d$vi), data = data.frame(cl = as.character(d$trial_id))), cluster = cl, V = V)
m <- aggregate(escalc(measure = "GEN", yi = as.numeric(d$yi), vi = as.numeric(d$vi), data = data.frame(cl = as.character(d$trial_id))), cluster = cl, V = V, weighted = FALSE)
shared[[1]] <- list(id = "senn2013", measure = "SMD", rows = rows, V = V, clusters = as.character(a$cl), agg_yi = as.numeric(a$yi), agg_vi = as.numeric(a$vi), mean_yi = as.numeric(m$yi), mean_vi = as.numeric(m$vi))
# Log odds ratios with a shared control: dat.hasselblad1998, smoking cessation, arms against the first of each trial.
h <- dat.hasselblad1998; rows <- NULL
for (s in unique(h$study)) { a <- h[h$study == s, ]; if (nrow(a) > 1) for (j in 2:nrow(a))
  rows <- rbind(rows, data.frame(trial_id = s, arm_t = paste(a$trt[j], j), arm_c = a$trt[1], event_t = a$xi[j], n_t = a$ni[j], event_c = a$xi[1], n_c = a$ni[1])) }
rows <- rows[rows$event_t > 0 & rows$event_c > 0, ]
d <- escalc("OR", ai = event_t, n1i = n_t, ci = event_c, n2i = n_c, data = rows)
V <- pairwise(d, function(i, j) 1 / d$event_c[i] + 1 / (d$n_c[i] - d$event_c[i]))
a <- aggregate(escalc(measure = "GEN", yi = as.numeric(d$yi), vi = as.numeric(d$vi), data = data.frame(cl = as.character(d$trial_id))), cluster = cl, V = V)
m <- aggregate(escalc(measure = "GEN", yi = as.numeric(d$yi), vi = as.numeric(d$vi), data = data.frame(cl = as.character(d$trial_id))), cluster = cl, V = V, weighted = FALSE)
shared[[2]] <- list(id = "hasselblad1998", measure = "OR", rows = rows, V = V, clusters = as.character(a$cl), agg_yi = as.numeric(a$yi), agg_vi = as.numeric(a$vi), mean_yi = as.numeric(m$yi), mean_vi = as.numeric(m$vi))
out <- list(source = "metafor aggregate.escalc()", metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")),
  R = R.version.string, cases = cases, shared = shared)
cat(toJSON(out, digits = I(17), auto_unbox = TRUE, na = "null", null = "null", dataframe = "columns"), "\n")
