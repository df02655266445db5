#include <openssl/crypto.h>
#include <stdlib.h>

#include "reg/reg.h"

static void free_strings(char **strings)
{
    for (char **s = strings; s && *s; s++)
        free(*s);
    free(strings);
}

static void key_deinit(struct reg_key *key)
{
    for (size_t i = 0; i < key->grant_count; i++) {
        free_strings(key->grants[i].services);
        free(key->grants[i].advertise);
    }
    free(key->grants);
    OPENSSL_cleanse(key, sizeof(*key));
}

void reg_config_deinit(struct reg_config *config)
{
    for (size_t i = 0; i < config->key_count; i++)
        key_deinit(&config->keys[i]);
    free(config->keys);
    free(config->sources);
    free_strings(config->protected_services);
    *config = (struct reg_config){0};
}
