# Effect sizes of metafor's escalc(), to 17 significant digits: Rscript escalc.R > escalc.json
# Data sets of the package metadat and awkward cases. Cases name the arguments of our functions.
suppressMessages({library(metafor); library(metadat); library(jsonlite)})
cases <- list()
add <- function(id, measure, inputs, ..., data, keep = NULL) {
  e <- suppressWarnings(escalc(measure = measure, ...))
  cases[[length(cases) + 1]] <<- c(list(id = id, measure = measure), keep, list(inputs = inputs,
    yi = as.numeric(e$yi), vi = as.numeric(e$vi)))
}
arms <- function(d) as.list(d[c("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")])
named <- function(m1, s1, n1, m2, s2, n2) data.frame(mean_t = m1, sd_t = s1, n_t = n1, mean_c = m2, sd_c = s2, n_c = n2)
curtis <- dat.curtis1998; normand <- dat.normand1999; gibson <- subset(dat.gibson2002, !is.na(m1i))
sets <- list(
  normand1999 = with(normand, named(m1i, sd1i, n1i, m2i, sd2i, n2i)),
  curtis1998 = with(curtis, named(m1i, sd1i, n1i, m2i, sd2i, n2i)),
  gibson2002 = with(gibson, named(m1i, sd1i, n1i, m2i, sd2i, n2i)),
  awkward = named(m1 = c(10, 10, 3, 0.5, 1e6, 12, 7), s1 = c(2, 2, 1, 1e-3, 10, 5, 3), n1 = c(2, 3, 2, 50, 40, 5000, 30),
                  m2 = c(12, 12, 3, 0.4, 1e6 + 3, 11, 25), s2 = c(3, 1, 4, 2e-3, 12, 6, 4), n2 = c(2, 2, 30, 7, 41, 4000, 2)),
  huge = named(m1 = c(10, 10), s1 = c(2, 2), n1 = c(1e5, 1e6), m2 = c(12, 10.1), s2 = c(3, 1), n2 = c(2e5, 1e6)))
for (id in names(sets)) with(sets[[id]], {
  for (v in c("LS", "UB")) add(id, "SMD", arms(sets[[id]]), m1i = mean_t, sd1i = sd_t, n1i = n_t, m2i = mean_c,
    sd2i = sd_c, n2i = n_c, vtype = v, keep = list(vtype = v))
  for (m in c("MD", "ROM")) add(id, m, arms(sets[[id]]), m1i = mean_t, sd1i = sd_t, n1i = n_t, m2i = mean_c, sd2i = sd_c, n2i = n_c)
  add(id, "D2ORL", arms(sets[[id]]), m1i = mean_t, sd1i = sd_t, n1i = n_t, m2i = mean_c, sd2i = sd_c, n2i = n_c)
})
ev <- function(a, n1, c, n2) data.frame(event_t = a, n_t = n1, event_c = c, n_c = n2)
tables <- list(
  bcg = with(dat.bcg, ev(tpos, tpos + tneg, cpos, cpos + cneg)),
  li2007 = with(dat.li2007, ev(ai, n1i, ci, n2i)),
  hine1989 = with(dat.hine1989, ev(ai, n1i, ci, n2i)),
  nielweise2007 = with(dat.nielweise2007, ev(ai, n1i, ci, n2i)),
  awkward = ev(c(0, 3, 0, 10, 10, 0, 1, 0, 12), c(10, 10, 10, 10, 10, 1, 2, 100000, 12), c(4, 0, 0, 4, 10, 1, 1, 1, 3), c(12, 12, 12, 12, 12, 1, 2, 100000, 9)))
words <- c("only-zero" = "only0", "all" = "all", "none" = "none")
for (id in names(tables)) with(tables[[id]], for (m in c("OR", "RR", "RD", "OR2DL")) {
  for (w in names(words)) add(id, m, as.list(tables[[id]]), ai = event_t, n1i = n_t, ci = event_c, n2i = n_c, to = words[[w]], keep = list(zero_cells = w, double_zero = "keep"))
  if (m %in% c("OR", "RR")) add(id, m, as.list(tables[[id]]), ai = event_t, n1i = n_t, ci = event_c, n2i = n_c, drop00 = TRUE, keep = list(zero_cells = "only-zero", double_zero = "drop"))
})
# Pre and post: the two groups of the example of Morris (2008), and awkward sizes and correlations.
morris_t <- data.frame(mean_post = c(38.5, 26.8, 0.7, 75.9, 36.0), sd_post = c(11.6, 4.1, 0.1, 4.4, 4.6),
  mean_pre = c(30.6, 23.5, 0.5, 53.4, 35.6), sd_pre = c(15.0, 3.1, 0.1, 14.5, 4.7), n = c(20, 50, 9, 10, 14), r = c(.47, .64, .77, .89, .44))
morris_c <- data.frame(mean_post = c(19.7, 25.3, 0.6, 60.7, 33.4), sd_post = c(14.8, 3.3, 0.2, 17.9, 6.9),
  mean_pre = c(23.1, 24.9, 0.6, 55.7, 34.8), sd_pre = c(13.8, 4.1, 0.2, 17.3, 3.1), n = c(20, 42, 9, 11, 14), r = c(.47, .64, .77, .89, .44))
odd <- data.frame(mean_post = c(5, 5, 5, 5), sd_post = c(2, 2, 2, 1), mean_pre = c(9, 9, 9, 9), sd_pre = c(2, 3, 2, 4), n = c(3, 5, 4000, 12), r = c(0, -.5, .99, 1))
pairs <- list(morris2008_treated = morris_t, morris2008_control = morris_c, awkward = odd)
for (id in names(pairs)) with(pairs[[id]], {
  add(id, "SMCC", as.list(pairs[[id]]), m1i = mean_post, sd1i = sd_post, m2i = mean_pre, sd2i = sd_pre, ni = n, ri = r)
  add(id, "SMCR", as.list(pairs[[id]][c("mean_post", "mean_pre", "sd_pre", "n", "r")]), m1i = mean_post, m2i = mean_pre, sd1i = sd_pre, ni = n, ri = r)
})
# g from t and from d (escalc's ti and di)
tt <- data.frame(t = c(-3.1, 0, 1.2, 2.5), n_t = c(12, 2, 100, 7), n_c = c(9, 2, 140, 30))
dd <- data.frame(d = c(-0.8, 0, 0.4, 2.5), n_t = c(12, 2, 100, 7), n_c = c(9, 2, 140, 30))
with(tt, add("from t", "SMD", as.list(tt), ti = t, n1i = n_t, n2i = n_c, keep = list(vtype = "LS")))
with(dd, add("from d", "SMD", as.list(dd), di = d, n1i = n_t, n2i = n_c, keep = list(vtype = "LS")))
out <- list(source = "metafor escalc()", metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")), R = R.version.string, cases = cases)
cat(toJSON(out, digits = I(17), auto_unbox = TRUE, na = "null", null = "null"), "\n")
