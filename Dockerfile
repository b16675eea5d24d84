# syntax=docker.io/docker/dockerfile:1
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/ballast
# The locked packages first: they change seldom. A pip.conf may be given as a build secret.
COPY requirements/run.lock requirements/
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf \
    /opt/ballast/bin/pip install --require-hashes --only-binary :all: -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY adapters adapters
COPY actors actors
COPY service service
COPY sql sql
RUN /opt/ballast/bin/pip install --no-deps --no-build-isolation --no-index . \
    && /opt/ballast/bin/pip uninstall --yes hatchling pip \
    && test -x /opt/ballast/bin/ballast

FROM ${BASE_IMAGE}
RUN groupadd --system --gid 10001 ballast \
    && useradd --system --uid 10001 --gid ballast --home-dir /data --shell /usr/sbin/nologin ballast \
    && install --directory --owner ballast --group ballast --mode 0700 /data
COPY --from=build /opt/ballast /opt/ballast
ENV PATH=/opt/ballast/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    BALLAST__DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["ballast", "health"]
ENTRYPOINT ["ballast"]
CMD ["run", "--headless"]
