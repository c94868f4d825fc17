/**
 * Builds the image of a language through the daemon's API with the classic builder, which every daemon has; no docker
 * command is needed. An operator's tool: a running runner never builds.
 */
import Docker from 'dockerode';
import { z } from 'zod';
import { imageContent, imageFiles } from '../../language/image-content.js';

const progressLine = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
});

export interface ImageBuild {
  readonly imagesFolder: string;
  readonly language: string;
  /** `name:tag` of the result. */
  readonly image: string;
  readonly baseImage: string;
  readonly onProgress: (line: string) => void;
}

/** Rejects with what the daemon said when the build fails, e.g. because no registry could be reached for the base. */
export async function buildImage({ imagesFolder, language, image, baseImage, onProgress }: ImageBuild): Promise<void> {
  const docker = new Docker();
  const content = await imageContent(imagesFolder, language);
  const stream = await docker.buildImage(
    { context: imagesFolder, src: await imageFiles(imagesFolder, language) },
    {
      t: image,
      dockerfile: `${language}/Dockerfile`,
      buildargs: { BASE_IMAGE: baseImage, CONTENT: content },
      rm: true,
      forcerm: true,
    },
  );
  await new Promise<void>((resolve, reject) => {
    let failure: string | null = null;
    docker.modem.followProgress(
      stream,
      (error) => {
        if (error !== null) reject(error);
        else if (failure !== null) reject(new Error(failure));
        else resolve();
      },
      (event: unknown) => {
        const { stream: text, status, error } = progressLine.parse(event);
        failure = error ?? failure;
        const line = (text ?? status ?? '').trim();
        if (line !== '') onProgress(line);
      },
    );
  });
}

/** Names with tags of the images that the daemon has. */
export async function imageNames(): Promise<string[]> {
  const images = await new Docker().listImages();
  // `null` for untagged images on some daemons, whatever the published type says.
  return images.flatMap((image) => (image.RepoTags as string[] | null) ?? []);
}
