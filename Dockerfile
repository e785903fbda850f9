FROM python:3.12-slim
RUN useradd --create-home --uid 10001 qq-alert && cd /srv && \
    install -d -o qq-alert -g qq-alert -m 0700 objects objects/published objects/inbox objects/kept
WORKDIR /app
COPY requirements/image.txt requirements/image.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/image.txt
COPY pyproject.toml README.md LICENSE ./
COPY geo geo
COPY handlers handlers
COPY public public
COPY push push
COPY runtime runtime
COPY server server
COPY sql sql
RUN pip install --no-cache-dir --no-deps .
USER 10001
WORKDIR /home/qq-alert
EXPOSE 8470
HEALTHCHECK CMD ["qq-alert", "health"]
ENTRYPOINT ["qq-alert"]
CMD ["serve"]
