# Python 3.11 slim on Debian bookworm; pin the digest of your mirror with --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:...
ARG PYTHON_IMAGE=python:3.11.13-slim-bookworm

# Stage 1: dependencies with their hashes, then the wheel, into a virtual environment.
FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv /opt/appgw \
    && python -m venv /opt/build \
    && /opt/appgw/bin/python -m pip install --require-hashes -r requirements/runtime.txt \
    && /opt/build/bin/python -m pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY bot bot
COPY chainlib chainlib
RUN /opt/build/bin/python -m hatchling build -t wheel -d /tmp/dist \
    && /opt/appgw/bin/python -m pip install --no-deps --no-index /tmp/dist/*.whl

# Stage 2: nothing but the interpreter and the environment; no shell tools are added, nothing runs as root.
FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="appgw-check" \
      org.opencontainers.image.description="Explains why Azure Application Gateway refuses a backend's TLS certificate" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 10001 appgw \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin appgw \
    && install -d -o appgw -g appgw /data
COPY --from=build /opt/appgw /opt/appgw
ENV PATH=/opt/appgw/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    APPGW_DATA_DIR=/data \
    APPGW_HTTP_HOST=0.0.0.0 \
    APPGW_ADMIN_HOST=0.0.0.0
USER 10001:10001
WORKDIR /data
# The root file system may be mounted read-only: only /data is written to (docker run --read-only -v appgw-data:/data).
VOLUME /data
EXPOSE 3000 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:' + (os.environ.get('APPGW_ADMIN_PORT') or '8080') + '/healthz', timeout=4)"]
ENTRYPOINT ["appgw"]
CMD ["serve"]
