/* discd's command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/audit.h"
#include "server/clock.h"
#include "server/config.h"
#include "server/dnstap.h"
#include "server/server.h"

enum { OPTION_HELP_CONFIG = 256, OPTION_INIT };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"test", no_argument, NULL, 't'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {"help-config", no_argument, NULL, OPTION_HELP_CONFIG},
    {"init", required_argument, NULL, OPTION_INIT},
    {NULL, 0, NULL, 0},
};

static void usage(FILE *to)
{
    fputs("usage: discd [-c FILE] [-t] [-V] [-h] [--help-config] [--init DIR]\n"
          "\n"
          "A service registry that speaks DNS. Runs in the foreground, logs to stderr.\n"
          "\n"
          "  -c, --config FILE   configuration; without it discd.yaml in this folder, else\n"
          "                      /etc/discd/discd.yaml, else built-in defaults\n"
          "  -t, --test          only check the configuration and the files that it names\n"
          "  -V, --version       print the version\n"
          "  -h, --help          print this\n"
          "      --help-config   print every configuration key with its range and default\n"
          "      --init DIR      write a configuration, a zone file, an admin token and a key\n"
          "                      to start from\n"
          "\n"
          "SIGHUP reloads the configuration, keys and zone files; SIGTERM and SIGINT stop.\n"
          "Exit status: 0 stopped, 64 usage, 71 no socket, data_dir or audit file,\n"
          "78 bad configuration.\n",
          to);
}

static const char *default_path(void)
{
    static const char *const places[] = {"discd.yaml", "/etc/discd/discd.yaml"};
    for (size_t i = 0; i < ARRAY_COUNT(places); i++)
        if (access(places[i], F_OK) == 0)
            return places[i];
    return NULL;
}

static int check_only(struct config *config)
{
    struct config_fault fault = {0};
    struct hash_key key = {{0}};
    struct dns *dns = server_load_zones(config, &key, &fault);
    bool good = dns && !dnstap_check(&config->dnstap) && !audit_check(config->audit);
    config_warn_of_tls(config, clock_wall_ms());
    if (!dns)
        config_fault_print(&fault, stderr);
    else if (good)
        printf("%s: good\n", config->path ? config->path : "built-in defaults");
    config_free(config);
    dns_free(dns);
    return good ? 0 : EXIT_BAD_CONFIG;
}

static int start(const char *path, bool test)
{
    struct config *config;
    struct config_fault fault = {0};
    if (config_load(path ? path : default_path(), &config, &fault)) {
        config_fault_print(&fault, stderr);
        return EXIT_BAD_CONFIG;
    }
    return test ? check_only(config) : server_run(config);
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    bool test = false;
    log_init(LOG_LEVEL_INFO, getenv("JOURNAL_STREAM") ? NULL : clock_wall_ms);
    for (int c; (c = getopt_long(argc, argv, "c:tVh", options, NULL)) != -1;) {
        switch (c) {
        case 'c': path = optarg; break;
        case 't': test = true; break;
        case 'V': puts("discd " DISC_VERSION); return 0;
        case 'h': usage(stdout); return 0;
        case OPTION_HELP_CONFIG: config_help(stdout); return 0;
        case OPTION_INIT: return config_init(optarg) ? EXIT_FAILURE : 0;
        default: usage(stderr); return 64;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "discd: unexpected argument '%s'\n", argv[optind]);
        usage(stderr);
        return 64;
    }
    return start(path, test);
}
