/* The least that a handshake costs: connect, shake hands with a server name, look at the list, close.
   Usage: handshake_loop PORT COUNT NAME; prints microseconds of CPU time for each handshake. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static double cpu_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec
        + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static int one_handshake(SSL_CTX *context, int port, const char *name)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int plain = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(plain, (struct sockaddr *)&address, sizeof address) != 0)
        return 0;
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, plain);
    SSL_set_tlsext_host_name(tls, name);
    int seen = SSL_connect(tls) == 1 && SSL_get_peer_cert_chain(tls) != NULL;
    SSL_free(tls);
    close(plain);
    return seen;
}

int main(int count, char **words)
{
    if (count != 4)
        return 2;
    int port = atoi(words[1]), rounds = atoi(words[2]);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    double begun = cpu_seconds();
    for (int i = 0; i < rounds; i++)
        if (!one_handshake(context, port, words[3]))
            return 1;
    printf("%f\n", (cpu_seconds() - begun) / rounds * 1e6);
    return 0;
}
