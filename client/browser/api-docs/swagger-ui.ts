/** What this page uses of Swagger UI, whose package brings no types. */
export type SwaggerUi = (options: {
  readonly spec: object;
  readonly dom_id: string;
  readonly deepLinking: boolean;
  readonly displayOperationId: boolean;
  readonly displayRequestDuration: boolean;
  readonly defaultModelsExpandDepth: number;
  readonly validatorUrl: null;
  readonly persistAuthorization: boolean;
  readonly onComplete: () => void;
}) => { preauthorizeApiKey(scheme: string, token: string): void };
